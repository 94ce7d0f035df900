/** Which version this is: that of the package. */
import { readFileSync } from "node:fs";

export function version(): string {
  const path = new URL("../../../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(path, "utf8")) as { readonly version: string }).version;
}
