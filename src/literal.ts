/** A value as it would be written in a program, on one line: for sentences, traces and reports that people read. */

export function formatLiteral(value: unknown): string {
  if (typeof value === "function") return String(value);
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return `[${value.map(formatLiteral).join(", ")}]`;
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Uint8Array) return `Uint8Array.of(${value.join(", ")})`;
  if (isDate(value)) return `new Date(${JSON.stringify(value)})`;
  const fields = Object.entries(value).filter(([, one]) => one !== undefined);
  if (fields.length === 0) return "{}";
  return `{ ${fields.map(([name, one]) => `${isName(name) ? name : JSON.stringify(name)}: ${formatLiteral(one)}`).join(", ")} }`;
}

/** Where a field is, behind the value that it belongs to: `.items`, `["two words"]`. */
export function formatField(name: string): string {
  return isName(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

function isName(text: string): boolean {
  return /^[a-z_$][\w$]*$/i.test(text);
}

/** By its tag: that holds across realms, and asks for no clock. */
export function isDate(value: object): boolean {
  return Object.prototype.toString.call(value) === "[object Date]";
}
