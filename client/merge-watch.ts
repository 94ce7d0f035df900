/**
 * What is looked at when a read has met siblings and merged them: in development whether they break a law of the merge, and what its
 * shadow would have made of them. The read's result is made by then, and nothing here can change it or make it fail.
 */
import { formatDot } from "../src/dot.ts";
import type { StoredObject } from "../src/object.ts";
import { visibleSiblings } from "../src/shown.ts";
import { breachText } from "./breach-text.ts";
import { breachOf, laws, Trial, type Breach } from "./law.ts";
import type { BrokenLaw, Difference } from "./merge-options.ts";
import { resolve, valuesOf, type MergeResolver, type Resolved } from "./resolver.ts";
import type { Runtime } from "./runtime.ts";
import { isSame } from "./same-value.ts";
import type { Told } from "./told.ts";

/** Several siblings of a key, and what was made of them. */
export interface MergedRead<T> {
  readonly bucket: string;
  readonly key: string;
  readonly object: StoredObject;
  readonly resolved: Resolved<T>;
}

export function watchMerge<T>(
  resolver: MergeResolver<T>,
  read: MergedRead<T>,
  told: Told,
  { isDevelopment, warn }: Pick<Runtime, "isDevelopment" | "warn">,
): void {
  const { checkLaws, onBrokenLaw, onDifference } = resolver.options;
  if ((checkLaws ?? isDevelopment ?? false) && !told.isLawTold) {
    const broken = brokenLaw(resolver, read);
    if (broken !== undefined) {
      told.isLawTold = true;
      tell(onBrokenLaw ?? (({ text }) => warn?.(text)), broken, "onBrokenLaw", warn);
    }
  }
  if (onDifference === undefined || !told.isNew(read.key, dotsOf(read.object))) return;
  const difference = differenceOf(resolver, read);
  if (difference !== undefined) tell(onDifference, difference, "onDifference", warn);
}

/** All laws on three of the siblings: some twenty calls of the merge. */
function brokenLaw<T>(resolver: MergeResolver<T>, { bucket, key, object }: MergedRead<T>): BrokenLaw | undefined {
  const [a, b, c = a] = valuesOf<T>(object) as [T, T, T?];
  const trial = new Trial(resolver.merge);
  for (const law of laws) {
    const breach = breachOf(law, trial, a, b, c);
    if (breach !== undefined) return { ...breach, bucket, key, text: brokenText(breach, `${bucket}/${key}`) };
  }
  return undefined;
}

function brokenText(breach: Breach, name: string): string {
  return `coterie: the merge of ${name} breaks a law on the siblings that stand there, so readers may disagree for good.
${breachText(breach)}
Told once per bucket, and only in development; see \`coterie check-resolver --help\`.`;
}

/** Nothing where both come to the same value, or both fail. */
function differenceOf<T>(resolver: MergeResolver<T>, read: MergedRead<T>): Difference<T> | undefined {
  const { bucket, key, object, resolved } = read;
  const shadow = resolve<T>({ ...resolver, merge: resolver.options.shadow! }, object);
  const { value, unresolved } = resolved;
  if (unresolved !== undefined && shadow.unresolved !== undefined) return undefined;
  if (unresolved === undefined && shadow.unresolved === undefined && isSame(value, shadow.value)) return undefined;
  return {
    bucket,
    key,
    siblings: valuesOf<T>(object),
    value,
    ...(unresolved && { unresolved }),
    shadowValue: shadow.value,
    ...(shadow.unresolved && { shadowFailure: shadow.unresolved }),
  };
}

function dotsOf(object: StoredObject): string {
  return visibleSiblings(object)
    .map(({ dot }) => formatDot(dot))
    .join(" ");
}

/** A listener that fails is its own trouble, not the read's. */
function tell<News>(listener: (news: News) => void, news: News, name: string, warn: Runtime["warn"]): void {
  try {
    listener(news);
  } catch (error) {
    warn?.(`coterie: ${name} threw ${String(error)}`);
  }
}
