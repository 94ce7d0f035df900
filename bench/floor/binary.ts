import { addExtension } from "msgpackr";

type Allocate = (bytes: number) => { target: Uint8Array; position: number };

/**
 * Makes msgpackr find byte arrays first among the classes that it knows. Otherwise it asks `instanceof` of five others
 * for every value it packs, which costs more than the rest of the message. The bytes are the same: msgpack's `bin`.
 */
export function packBytesFirst(): void {
  addExtension({
    Class: Uint8Array,
    type: 100, // demanded by msgpackr and not used: pack writes the header itself
    unpack: () => undefined,
    // the second parameter, by which msgpackr's own types write in place, is missing from its declarations
    pack: ((bytes: Uint8Array, allocate: Allocate) => packBytes(bytes, allocate)) as (bytes: Uint8Array) => Uint8Array,
  });
}

function packBytes(bytes: Uint8Array, allocate: Allocate): void {
  const { length } = bytes;
  const headerBytes = length < 0x100 ? 2 : length < 0x10000 ? 3 : 5;
  const { target, position } = allocate(headerBytes + length);
  target[position] = headerBytes === 2 ? 0xc4 : headerBytes === 3 ? 0xc5 : 0xc6;
  let rest = length;
  for (let at = headerBytes - 1; at > 0; at--) {
    target[position + at] = rest & 0xff;
    rest >>>= 8;
  }
  target.set(bytes, position + headerBytes);
}
