/** What clients ask and nodes answer them, as bytes. Fields are read in the order in which they were written. */
import { readChange, writeChange } from "./crdt/change.ts";
import type { ErrorDetails } from "./errors.ts";
import type { FieldReader } from "./fields.ts";
import { kinds, writeHead } from "./message-head.ts";
import type {
  Conflicts,
  ConflictsReply,
  Failure,
  Get,
  GetReply,
  Put,
  PutReply,
  Settled,
  Status,
  StatusReply,
} from "./messages.ts";
import { readOptions, writeOptions } from "./option-codec.ts";
import type { PackWriter } from "./pack-writer.ts";

const opBytes = 14;
const conflictPlaceBytesMax = 64;
const outcomes = ["none", "unknown"] as const;

export function writeGet(writer: PackWriter, get: Get): void {
  writeHead(writer, kinds.Get, get.id, 6);
  writer.bytes(get.key);
  writer.number(get.timeoutMs);
  writeOptions(writer, get.options);
  writer.boolean(get.head);
  writer.boolean(get.details);
  writer.boolean(get.resolve === true);
}

export function readGet(reader: FieldReader, id: number): Get {
  return {
    kind: "Get",
    id,
    key: reader.bytes("key"),
    timeoutMs: reader.timeout(),
    options: readOptions(reader),
    head: reader.boolean(),
    details: reader.boolean(),
    resolve: reader.boolean(),
  };
}

export function writeGetReply(writer: PackWriter, reply: GetReply): void {
  writeHead(writer, kinds.GetReply, reply.id, 5);
  writer.bytes(reply.record);
  writer.bytes(reply.effective);
  writer.texts(reply.answered);
  writer.bytes(reply.merged);
  writer.text(reply.mergeProblem);
}

export function readGetReply(reader: FieldReader, id: number): GetReply {
  return {
    kind: "GetReply",
    id,
    record: reader.optionalBytes("record"),
    effective: reader.bytes("effective options"),
    answered: reader.optionalTexts("answered"),
    merged: reader.optionalBytes("merged"),
    mergeProblem: reader.optionalText("merge problem"),
  };
}

export function writePut(writer: PackWriter, put: Put): void {
  writeHead(writer, kinds.Put, put.id, 11);
  writer.bytes(put.op);
  writer.bytes(put.key);
  writer.bytes(put.value);
  writer.bytes(put.context);
  writer.number(put.timeoutMs);
  writeOptions(writer, put.options);
  writer.boolean(put.returnValue);
  writer.boolean(put.details);
  writer.number(put.ageMs);
  writer.numbers(put.settled);
  writer.list(put.changes, writeChange);
}

export function readPut(reader: FieldReader, id: number): Put {
  return {
    kind: "Put",
    id,
    op: reader.exactly(opBytes, "op"),
    key: reader.bytes("key"),
    value: reader.optionalBytes("value"),
    context: reader.optionalBytes("context"),
    timeoutMs: reader.timeout(),
    options: readOptions(reader),
    returnValue: reader.boolean(),
    details: reader.boolean(),
    ageMs: reader.optionalNatural("ageMs") ?? 0,
    settled: reader.optionalNaturals("settled") ?? [],
    changes: reader.nil() ? undefined : reader.list("changes", readChange),
  };
}

export function writePutReply(writer: PackWriter, reply: PutReply): void {
  writeHead(writer, kinds.PutReply, reply.id, 4);
  writer.bytes(reply.context);
  writer.bytes(reply.record);
  writer.bytes(reply.effective);
  writer.texts(reply.answered);
}

export function readPutReply(reader: FieldReader, id: number): PutReply {
  return {
    kind: "PutReply",
    id,
    context: reader.bytes("context"),
    record: reader.optionalBytes("record"),
    effective: reader.bytes("effective options"),
    answered: reader.optionalTexts("answered"),
  };
}

export function writeSettled(writer: PackWriter, { id, op, settled }: Settled): void {
  writeHead(writer, kinds.Settled, id, 2);
  writer.bytes(op);
  writer.numbers(settled);
}

export function readSettled(reader: FieldReader, id: number): Settled {
  return { kind: "Settled", id, op: reader.exactly(opBytes, "op"), settled: reader.naturals("settled") };
}

export function writeStatus(writer: PackWriter, { id, partitions }: Status): void {
  writeHead(writer, kinds.Status, id, 1);
  writer.boolean(partitions === true);
}

export function readStatus(reader: FieldReader, id: number): Status {
  return { kind: "Status", id, ...(reader.boolean() && { partitions: true }) };
}

export function writeStatusReply(writer: PackWriter, { id, status }: StatusReply): void {
  writeHead(writer, kinds.StatusReply, id, 1);
  writer.text(status);
}

export function readStatusReply(reader: FieldReader, id: number): StatusReply {
  return { kind: "StatusReply", id, status: reader.text("status") };
}

export function writeConflicts(writer: PackWriter, conflicts: Conflicts): void {
  writeHead(writer, kinds.Conflicts, conflicts.id, 3);
  writer.text(conflicts.bucket);
  writer.bytes(conflicts.key);
  writer.bytes(conflicts.from);
}

export function readConflicts(reader: FieldReader, id: number): Conflicts {
  return {
    kind: "Conflicts",
    id,
    bucket: reader.text("bucket"),
    key: reader.optionalBytes("key"),
    from: reader.optionalBytes("from", conflictPlaceBytesMax),
  };
}

export function writeConflictsReply(writer: PackWriter, { id, entries, end }: ConflictsReply): void {
  writeHead(writer, kinds.ConflictsReply, id, 2);
  writer.list(entries, (_, entry) => writer.bytes(entry));
  writer.bytes(end);
}

export function readConflictsReply(reader: FieldReader, id: number): ConflictsReply {
  return {
    kind: "ConflictsReply",
    id,
    entries: reader.list("entries", () => reader.bytes("entry")),
    end: reader.optionalBytes("end", conflictPlaceBytesMax),
  };
}

export function writeFailure(writer: PackWriter, failure: Failure): void {
  const { need, got, of, answered } = failure.details;
  writeHead(writer, kinds.Failure, failure.id, 8);
  writer.text(failure.code);
  writer.text(failure.message);
  writer.text(failure.outcome);
  writer.boolean(failure.retryable);
  writer.number(need);
  writer.number(got);
  writer.text(of);
  writer.texts(answered);
}

export function readFailure(reader: FieldReader, id: number): Failure {
  return {
    kind: "Failure",
    id,
    code: reader.errorCode(),
    message: reader.text("message"),
    outcome: reader.word(outcomes, "outcome"),
    retryable: reader.boolean(),
    details: readDetails(reader),
  };
}

function readDetails(reader: FieldReader): ErrorDetails {
  const need = reader.optionalNatural("need");
  const got = reader.optionalNatural("got");
  const of = reader.optionalText("of");
  const answered = reader.optionalTexts("answered");
  return {
    ...(need !== undefined && { need }),
    ...(got !== undefined && { got }),
    ...(of !== undefined && { of }),
    ...(answered !== undefined && { answered }),
  };
}
