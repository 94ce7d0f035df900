/**
 * One page that is complete in itself: data, and the script that shows them. It may be opened from a file, sent to somebody, or kept by
 * a build. The script is handed in, for nobody here reads files.
 */
export interface StandalonePage {
  readonly title: string;
  /** Of the store. */
  readonly version: string;
  /** Of the element in which the script finds the data. */
  readonly dataId: string;
  /** Anything that can be JSON. */
  readonly data: unknown;
  readonly script: string;
}

/** Nothing may be loaded from anywhere, whatever a value in the data says. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

export function standalonePage({ title, version, dataId, data, script }: StandalonePage): string {
  return `<!doctype html>
<html lang="en" data-version="${inMarkup(version)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width">
<title>${inMarkup(title)}</title>
</head>
<body>
<script id="${dataId}" type="application/json">${jsonInMarkup(data)}</script>
<script>${script}</script>
</body>
</html>
`;
}

function inMarkup(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

/** Nothing in it ends the script that it stands in, or begins a comment. */
function jsonInMarkup(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}
