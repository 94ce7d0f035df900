/** A broken law as people read it: the values, what came of them, and where that deviates. */
import { formatLiteral } from "../src/literal.ts";
import type { Breach } from "./law.ts";
import { deviations, isSameInAnyOrder, type Deviation } from "./same-value.ts";

const shownMax = 2000;
const deviationsMax = 8;

/** Several lines. */
export function breachText(breach: Breach): string {
  const { law, sentence, values, sides } = breach;
  const given = Object.entries(values);
  const named = [...given, ...sides.filter(({ expression }) => !(expression in values)).map(asEntry)];
  const width = Math.max(...named.map(([name]) => name.length));
  return [
    `${law} does not hold: ${sentence}`,
    "",
    ...named.map(([name, value]) => `  ${name.padEnd(width)} = ${shortened(formatLiteral(value))}`),
    ...deviationLines(breach),
  ].join("\n");
}

function asEntry({ expression, value }: Breach["sides"][number]): readonly [string, unknown] {
  return [expression, value];
}

function deviationLines({ sides }: Breach): readonly string[] {
  const [left, right] = sides;
  if (left === undefined || right === undefined) return [];
  const found = deviations(left.value, right.value);
  const shown = found
    .slice(0, deviationsMax)
    .map((one) => `    ${deviationText(one, left.expression, right.expression)}`);
  const more = found.length > deviationsMax ? [`    and ${found.length - deviationsMax} more`] : [];
  const isOrderOnly = isSameInAnyOrder(left.value, right.value);
  const hint = isOrderOnly ? ["", `  Only the order differs: ${sortHint(found)}.`] : [];
  return ["", "  They differ:", ...shown, ...more, ...hint];
}

function deviationText({ path, left, right, isOrderOnly }: Deviation, here: string, there: string): string {
  const place = path === "" ? "" : `${path}: `;
  if (isOrderOnly) return `${place}the same items in another order`;
  return `${place}${side(left)} in ${here}, ${side(right)} in ${there}`;
}

function side(value: unknown): string {
  return value === undefined ? "nothing" : shortened(formatLiteral(value));
}

function sortHint(found: readonly Deviation[]): string {
  const paths = [...new Set(found.map(({ path }) => path.replaceAll(/\[\d+\]/g, "[…]")))].slice(0, deviationsMax);
  return `sort ${paths.map((path) => path || "the array").join(", ")} before returning it, by something that all readers know`;
}

function shortened(text: string): string {
  return text.length <= shownMax ? text : `${text.slice(0, shownMax)}… (${text.length} characters)`;
}
