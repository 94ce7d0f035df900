/**
 * What a client has seen of one key, as users hold it: opaque, turned into text by `toString` and accepted as text again.
 * Held as objects, or as a binary string where it came as bytes or is kept for long: a string is one object on V8's heap, a short typed
 * array three.
 */
import { fromBinary, toBinary } from "../src/bytes.ts";
import { includes, joinContexts } from "../src/causal-context.ts";
import { invalidArgument } from "../src/errors.ts";
import { limits } from "../src/limits.ts";
import { compareTimestamps, laterOf } from "../src/timestamp.ts";
import { decodeToken, encodeToken, tokenBytes, tokenText, type Token } from "../src/token.ts";

export class Context {
  readonly #keyHash: bigint;
  readonly #held: Token | string;

  private constructor(keyHash: bigint, held: Token | string) {
    this.#keyHash = keyHash;
    this.#held = held;
  }

  static ofToken(keyHash: bigint, token: Token): Context {
    return new Context(keyHash, token);
  }

  /** Copies the bytes. They are read, and refused, only when the token is asked for. */
  static ofBytes(keyHash: bigint, bytes: Uint8Array): Context {
    return new Context(keyHash, toBinary(bytes));
  }

  /** Of a user's context for a key; `null` is none. @throws BAD_CONTEXT, TOO_LARGE, INVALID_ARGUMENT */
  static bytesOf(keyHash: bigint, given: Context | string | null): Uint8Array | undefined {
    if (given === null) return undefined;
    if (typeof given !== "string" && !(given instanceof Context))
      throw invalidArgument("a context is what a read or write returned, its text, or null for none");
    const bytes = typeof given === "string" ? tokenBytes(given) : given.bytes;
    decodeToken(keyHash, bytes); // a context of another key is refused before anything is sent
    return bytes;
  }

  /** @throws BAD_CONTEXT, TOO_LARGE if it came as bytes that cannot be read, or too many */
  get token(): Token {
    const held = this.#held;
    return typeof held === "string" ? decodeToken(this.#keyHash, fromBinary(held)) : held;
  }

  get bytes(): Uint8Array {
    const held = this.#held;
    return typeof held === "string" ? fromBinary(held) : encodeToken(this.#keyHash, held);
  }

  /** The same as a binary string, to be kept. One of more bytes than a token may have stays as it is: it could not be read again. */
  packed(): Context {
    if (typeof this.#held === "string") return this;
    const { bytes } = this;
    return bytes.length > limits.tokenBytesMax ? this : Context.ofBytes(this.#keyHash, bytes);
  }

  /** Everything that either has seen. @throws as `token` */
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
