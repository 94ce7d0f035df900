/** Keys as texts of one length. Each is made once: a text that comes back has its hash, and a map finds it sooner. */

const digits = 10;
const texts: string[] = [];

/** For keys below this. Without it an array whose last place is filled first would become a dictionary. */
export function makeRoomForTexts(keys: number): void {
  if (keys > texts.length) texts.length = keys;
}

export function textOfKey(key: number): string {
  return (texts[key] ??= `user${String(key).padStart(digits, "0")}`);
}

/** The number in such a text. */
export function numberOfKey(text: string): number {
  let number = 0;
  for (let at = text.length - digits; at < text.length; at++) number = number * 10 + text.charCodeAt(at) - 48;
  return number;
}
