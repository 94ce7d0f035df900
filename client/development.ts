/** Whether this is development, and how its developer is told something. */

declare const process: { readonly env: { readonly NODE_ENV?: string } };

/**
 * Written exactly like this, because bundlers for browsers put a text in the place of `process.env.NODE_ENV`. Where nobody says
 * anything, in a page without a bundler, it is nobody's workshop.
 */
export function isDevelopment(): boolean {
  try {
    return process.env.NODE_ENV !== "production";
  } catch {
    return false;
  }
}

export function warn(sentence: string): void {
  console.warn(sentence);
}
