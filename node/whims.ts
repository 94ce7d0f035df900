/**
 * Rare but legal choices, made on purpose: what the protocol allows and this code hardly ever does. The simulator has nodes make them
 * often, so that nobody comes to rely on what is only usual. A node in service makes none.
 *
 * Source: the BUGGIFY points of FoundationDB.
 */
export const whims = [
  /** A replica sends its whole record though the coordinator has the same. */
  "answers in full",
  /** A get asks everybody though fewer would do. */
  "asks everybody",
  /** A copy that a get would send to a replica that lags is left to anti-entropy. */
  "leaves a repair out",
  /** A put's copies wait until the coordinator's own disk has it. */
  "waits for its disk",
  /** There is no room for a hint. */
  "has no room for a hint",
  /** A hint that could be handed over waits for the next walk. */
  "keeps a hint a while",
  /** A round of anti-entropy is left out. */
  "leaves a round out",
  /** A client's request is refused for overload. */
  "refuses for overload",
  /** What is left over and due waits for another tick. */
  "lets leftovers be",
] as const;

export type Whim = (typeof whims)[number];

/** @returns whether the choice is made now */
export type Whims = (whim: Whim) => boolean;

export const noWhims: Whims = () => false;
