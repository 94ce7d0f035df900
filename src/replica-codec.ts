/** What nodes ask each other for requests, and for signs of life, as bytes. Fields are read in the order in which they were written. */
import type { FieldReader } from "./fields.ts";
import { kinds, writeHead } from "./message-head.ts";
import type {
  MemberNews,
  Ping,
  PingReply,
  ReplicaGet,
  ReplicaGetReply,
  ReplicaPut,
  ReplicaPutReply,
} from "./messages.ts";
import type { PackWriter } from "./pack-writer.ts";
import { digestBytes } from "./record.ts";

const answers = ["same", "record", "absent", "missing", "fresh"] as const;
const memberStates = ["alive", "suspect", "dead"] as const;

export function writeReplicaPut(writer: PackWriter, put: ReplicaPut): void {
  writeHead(writer, kinds.ReplicaPut, put.id, 5);
  writer.bytes(put.key);
  writer.bytes(put.record);
  writer.number(put.timeoutMs);
  writer.boolean(put.early);
  writer.text(put.standsFor);
}

export function readReplicaPut(reader: FieldReader, id: number): ReplicaPut {
  return {
    kind: "ReplicaPut",
    id,
    key: reader.bytes("key"),
    record: reader.bytes("record"),
    timeoutMs: reader.timeout(),
    early: reader.boolean(),
    standsFor: reader.optionalText("standsFor"),
  };
}

export function writeReplicaPutReply(writer: PackWriter, { id, durable }: ReplicaPutReply): void {
  writeHead(writer, kinds.ReplicaPutReply, id, 1);
  writer.boolean(durable);
}

export function readReplicaPutReply(reader: FieldReader, id: number): ReplicaPutReply {
  return { kind: "ReplicaPutReply", id, durable: reader.boolean() };
}

export function writeReplicaGet(writer: PackWriter, get: ReplicaGet): void {
  writeHead(writer, kinds.ReplicaGet, get.id, 4);
  writer.bytes(get.key);
  writer.bytes(get.have);
  writer.number(get.timeoutMs);
  writer.boolean(get.durable);
}

export function readReplicaGet(reader: FieldReader, id: number): ReplicaGet {
  return {
    kind: "ReplicaGet",
    id,
    key: reader.bytes("key"),
    have: reader.nil() ? undefined : reader.exactly(digestBytes, "have"),
    timeoutMs: reader.timeout(),
    durable: reader.boolean(),
  };
}

export function writeReplicaGetReply(writer: PackWriter, { id, answer, record }: ReplicaGetReply): void {
  writeHead(writer, kinds.ReplicaGetReply, id, 2);
  writer.number(answers.indexOf(answer));
  writer.bytes(record);
}

export function readReplicaGetReply(reader: FieldReader, id: number): ReplicaGetReply {
  const answer = reader.place(answers, "answer");
  return { kind: "ReplicaGetReply", id, answer, record: answer === "record" ? reader.bytes("record") : undefined };
}

export function writePing(writer: PackWriter, { id, target, news }: Ping): void {
  writeHead(writer, kinds.Ping, id, 2);
  writer.text(target);
  writer.list(news, writeNews);
}

export function readPing(reader: FieldReader, id: number): Ping {
  return { kind: "Ping", id, target: reader.optionalText("target"), news: reader.list("news", readNews) };
}

export function writePingReply(writer: PackWriter, { id, isAlive, news }: PingReply): void {
  writeHead(writer, kinds.PingReply, id, 2);
  writer.boolean(isAlive);
  writer.list(news, writeNews);
}

export function readPingReply(reader: FieldReader, id: number): PingReply {
  return { kind: "PingReply", id, isAlive: reader.boolean(), news: reader.list("news", readNews) };
}

function writeNews(writer: PackWriter, { node, state, incarnation, by }: MemberNews): void {
  writer.array(4);
  writer.text(node);
  writer.number(memberStates.indexOf(state));
  writer.number(incarnation);
  writer.text(by);
}

function readNews(reader: FieldReader): MemberNews {
  return reader.tuple("a piece of news", () => ({
    node: reader.text("node"),
    state: reader.place(memberStates, "a member's state"),
    incarnation: reader.natural("incarnation"),
    by: reader.text("by"),
  }));
}
