/**
 * What a client has seen of one key, as users hold it: opaque, turned into text by `toString` and accepted as text again.
 * Kept in whichever form it came in, and converted when the other one is asked for.
 */
import { includes, joinContexts } from "../src/causal-context.ts";
import { invalidArgument } from "../src/errors.ts";
import { limits } from "../src/limits.ts";
import { compareTimestamps, laterOf } from "../src/timestamp.ts";
import { decodeToken, encodeToken, tokenBytes, tokenText, type Token } from "../src/token.ts";

export class Context {
  readonly #keyHash: bigint;
  #token: Token | undefined;
  #bytes: Uint8Array | undefined;

  private constructor(keyHash: bigint, token: Token | undefined, bytes: Uint8Array | undefined) {
    this.#keyHash = keyHash;
    this.#token = token;
    this.#bytes = bytes;
  }

  static ofToken(keyHash: bigint, token: Token): Context {
    return new Context(keyHash, token, undefined);
  }

  static ofBytes(keyHash: bigint, bytes: Uint8Array): Context {
    return new Context(keyHash, undefined, bytes);
  }

  /** A user's context for a key; `null` is none. @throws BAD_CONTEXT, INVALID_ARGUMENT */
  static parse(keyHash: bigint, given: Context | string | null): Context | undefined {
    if (given === null) return undefined;
    if (typeof given !== "string" && !(given instanceof Context))
      throw invalidArgument("a context is what a read or write returned, its text, or null for none");
    const bytes = typeof given === "string" ? tokenBytes(given) : given.bytes;
    // Decoded at once: a context of another key is refused before anything is sent.
    return new Context(keyHash, decodeToken(keyHash, bytes), bytes);
  }

  get token(): Token {
    return (this.#token ??= decodeToken(this.#keyHash, this.#bytes!));
  }

  get bytes(): Uint8Array {
    return (this.#bytes ??= encodeToken(this.#keyHash, this.#token!));
  }

  /**
   * The same as bytes alone, for whoever keeps many. A copy, for what an encoder hands out shares its memory with others. One of more
   * bytes than a token may have stays as it is: it could not be read again.
   */
  packed(): Context {
    if (this.#token === undefined) return this;
    const bytes = this.#bytes ?? encodeToken(this.#keyHash, this.#token);
    return bytes.length > limits.tokenBytesMax ? this : Context.ofBytes(this.#keyHash, new Uint8Array(bytes));
  }

  /** Everything that either has seen. */
  join(other: Context): Context {
    const a = this.token;
    const b = other.token;
    // The older of two that say the same: it has a place in memory already.
    if (includes(a.context, b.context) && compareTimestamps(b.latest, a.latest) <= 0) return this;
    if (includes(b.context, a.context) && compareTimestamps(a.latest, b.latest) <= 0) return other;
    return Context.ofToken(this.#keyHash, {
      context: joinContexts(a.context, b.context),
      latest: laterOf(a.latest, b.latest),
    });
  }

  toString(): string {
    return tokenText(this.bytes);
  }

  toJSON(): string {
    return this.toString();
  }
}
