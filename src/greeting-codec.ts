/** The first messages on a link as bytes: who is there, and what the cluster is. Fields are read in the order in which they were written. */
import { checked, type FieldReader } from "./fields.ts";
import { kinds, writeHead } from "./message-head.ts";
import type { Hello, Welcome } from "./messages.ts";
import { pack } from "./msgpack.ts";
import { encodeOptions, readOptions } from "./option-codec.ts";
import { checkOptions, type ClusterOptions, type RequestOptions } from "./options.ts";
import type { PackWriter } from "./pack-writer.ts";
import { encodeRingTable, parseRingTable } from "./ring.ts";

const roles = ["client", "node"] as const;
const identityBytesMax = 64;

export function writeHello(writer: PackWriter, hello: Hello): void {
  writeHead(writer, kinds.Hello, 0, 5);
  writer.number(hello.version);
  writer.texts(hello.features);
  writer.text(hello.role);
  writer.bytes(hello.identity);
  writer.text(hello.credential);
}

export function readHello(reader: FieldReader): Hello {
  return {
    kind: "Hello",
    version: reader.natural("version"),
    features: reader.texts("features"),
    role: reader.word(roles, "role"),
    identity: reader.bytes("identity", identityBytesMax),
    credential: reader.optionalText("credential"),
  };
}

export function writeWelcome(writer: PackWriter, welcome: Welcome): void {
  writeHead(writer, kinds.Welcome, 0, 5);
  writer.number(welcome.version);
  writer.texts(welcome.features);
  writer.text(welcome.node);
  writer.packed(pack(encodeRingTable(welcome.ring)));
  writeClusterOptions(writer, welcome.options);
}

export function readWelcome(reader: FieldReader): Welcome {
  return {
    kind: "Welcome",
    version: reader.natural("version"),
    features: reader.texts("features"),
    node: reader.text("node"),
    ring: checked(() => parseRingTable(reader.value())),
    options: readClusterOptions(reader),
  };
}

function writeClusterOptions(writer: PackWriter, { defaults, buckets }: ClusterOptions): void {
  writer.array(2);
  writer.bytes(encodeOptions(defaults));
  writer.list(Object.entries(buckets), writeBucket);
}

function readClusterOptions(reader: FieldReader): ClusterOptions {
  const options = reader.tuple("cluster options", () => ({
    defaults: readOptions(reader) ?? {},
    buckets: Object.fromEntries(reader.list("buckets", readBucket)),
  }));
  for (const one of [options.defaults, ...Object.values(options.buckets)]) checked(() => checkOptions(one));
  return options;
}

function writeBucket(writer: PackWriter, [name, options]: readonly [string, RequestOptions]): void {
  writer.array(2);
  writer.text(name);
  writer.bytes(encodeOptions(options));
}

function readBucket(reader: FieldReader): readonly [string, RequestOptions] {
  return reader.tuple("bucket", () => [reader.text("bucket"), readOptions(reader) ?? {}] as const);
}
