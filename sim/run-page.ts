/**
 * One page that shows a recorded run, complete in itself: it may be opened from a file, sent to somebody, or kept by a build. The
 * script in it (page/) is handed in, for nobody here reads files.
 */
import type { Recorded } from "./recorded.ts";

/** Nothing may be loaded from anywhere, whatever a value in the recording says. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/**
 * @param script of `dist/sim/page/page.js`
 * @param version of the store that was played
 */
export function pageOf(recorded: Recorded, script: string, version: string): string {
  return `<!doctype html>
<html lang="en" data-version="${version}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width">
<title>coterie sim: seed ${recorded.about.seed}</title>
</head>
<body>
<script id="recording" type="application/json">${jsonInMarkup(recorded)}</script>
<script>${script}</script>
</body>
</html>
`;
}

/** Nothing in it ends the script that it stands in, or begins a comment. */
function jsonInMarkup(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}
