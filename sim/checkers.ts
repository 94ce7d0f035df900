/** All invariants that are watched, one fresh checker each. */
import type { Accuse, Checker } from "./checker.ts";
import { AcknowledgedWrites } from "./checkers/acknowledged-writes.ts";
import { Availability } from "./checkers/availability.ts";
import { BuriedDots } from "./checkers/buried-dots.ts";
import { Convergence } from "./checkers/convergence.ts";
import { CrashDurability } from "./checkers/crash-durability.ts";
import { DataTypes } from "./checkers/data-types.ts";
import { DotUniqueness } from "./checkers/dot-uniqueness.ts";
import { EqualAnswers } from "./checkers/equal-answers.ts";
import { ExactStates } from "./checkers/exact-states.ts";
import { ErrorHonesty } from "./checkers/error-honesty.ts";
import { HintsKept } from "./checkers/hints.ts";
import { Idempotency } from "./checkers/idempotency.ts";
import { MonotoneState } from "./checkers/monotone-state.ts";
import { MonotonicReads } from "./checkers/monotonic-reads.ts";
import { NoResurrection } from "./checkers/no-resurrection.ts";
import { QuorumHonesty } from "./checkers/quorum-honesty.ts";
import { ResourceBounds } from "./checkers/resources.ts";
import { SiblingBound } from "./checkers/sibling-bound.ts";
import { LaterThanReplaced } from "./checkers/timestamps.ts";

const kinds: readonly (new (accuse: Accuse) => Checker)[] = [
  DotUniqueness,
  AcknowledgedWrites,
  ExactStates,
  MonotoneState,
  BuriedDots,
  NoResurrection,
  EqualAnswers,
  Convergence,
  DataTypes,
  CrashDurability,
  HintsKept,
  Idempotency,
  SiblingBound,
  LaterThanReplaced,
  QuorumHonesty,
  Availability,
  ErrorHonesty,
  ResourceBounds,
  MonotonicReads,
];

/** @param accuse is told which invariant does not hold, and how that shows */
export function createCheckers(accuse: (invariant: string, sentence: string) => void): Checker[] {
  return kinds.map((Kind) => {
    const checker: Checker = new Kind((sentence) => accuse(checker.invariant, sentence));
    return checker;
  });
}
