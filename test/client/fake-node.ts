/** A node without a disk or peers behind a fake socket: it welcomes, keeps objects as a replica would, and answers at once. */
import { toBinary } from "../../src/bytes.ts";
import { makeActor } from "../../src/dot.ts";
import { unavailable } from "../../src/errors.ts";
import { hashKey } from "../../src/key.ts";
import type { GetReply, Failure, Get, Message, Put } from "../../src/messages.ts";
import { emptyObject, latest, sync, write, type StoredObject } from "../../src/object.ts";
import { plainWrite } from "../plain-write.ts";
import { encodeEffective } from "../../src/option-codec.ts";
import { settleOptions, type ClusterOptions } from "../../src/options.ts";
import { bucketOf } from "../../src/key.ts";
import { encodeRecord } from "../../src/record.ts";
import { decodeToken, emptyToken, encodeToken } from "../../src/token.ts";
import { addDot, contextOf, eventsOf, joinContexts } from "../../src/causal-context.ts";
import { applyChanges, checkChanges, type Change } from "../../src/crdt/change.ts";
import { makeOpId, sequenceOf } from "../../src/op-id.ts";
import { spendUnless } from "../../src/spent.ts";
import { laterOf } from "../../src/timestamp.ts";
import { openClient, type Client, type ConnectOptions } from "../../client/client.ts";
import { FakeRuntime, ringOf, welcomeOf, type FakeSocket } from "./fake-runtime.ts";

export class FakeNode {
  readonly name: string;
  readonly requests: (Get | Put)[] = [];
  /** Stands in for the next requests, in order. */
  readonly failures: Omit<Failure, "kind" | "id">[] = [];
  readonly #objects = new Map<string, StoredObject>();
  readonly #options: ClusterOptions;
  #writes = 0;

  constructor(name: string, options: ClusterOptions = { defaults: {}, buckets: {} }) {
    this.name = name;
    this.#options = options;
  }

  /** Instead of the options that a request came to. */
  echo: Uint8Array | undefined;

  /** What its merge makes of whatever it is asked to merge. */
  mergeOutcome: Pick<GetReply, "merged" | "mergeProblem"> = {};

  /** Stands behind a socket from its opening on. */
  serve(runtime: FakeRuntime, socket: FakeSocket): void {
    socket.onFrame = (messages) =>
      runtime.schedule(1, () => {
        for (const message of messages) if (message.kind !== "Settled") socket.say(this.#answer(message));
      });
    runtime.schedule(1, () => socket.open());
  }

  /** What somebody else writes without having read, past the client. */
  writeBlind(key: Uint8Array, value: Uint8Array | undefined): void {
    this.#write(key, value, toBinary(new Uint8Array(14).fill(++this.#writes)), undefined);
  }

  #answer(message: Message): Message {
    if (message.kind === "Hello") return welcomeOf(this.name, ringOf(1), this.#options);
    if (message.kind === "Status") return { kind: "StatusReply", id: message.id, status: `{"node":"${this.name}"}` };
    if (message.kind !== "Get" && message.kind !== "Put") throw new Error(`a client does not send ${message.kind}`);
    return this.#serve(message);
  }

  #serve(message: Get | Put): Message {
    this.requests.push(message);
    const failure = this.failures.shift();
    if (failure !== undefined) return { kind: "Failure", id: message.id, ...failure };
    const kind = message.kind === "Get" ? "get" : "put";
    const effective =
      this.echo ?? encodeEffective(settleOptions(kind, message.options ?? {}, bucketOf(message.key), this.#options));
    const answered = message.details ? [this.name] : undefined;
    if (message.kind === "Get")
      return {
        kind: "GetReply",
        id: message.id,
        record: this.#record(message.key),
        effective,
        answered,
        ...(message.resolve === true && this.mergeOutcome),
      };
    if (message.changes !== undefined) checkChanges(message.changes);
    const context =
      message.changes === undefined
        ? this.#write(message.key, message.value, toBinary(message.op), message.context)
        : this.#change(message.key, message.changes, toBinary(message.op), message.context);
    const record = message.returnValue ? this.#record(message.key) : undefined;
    return { kind: "PutReply", id: message.id, context, record, effective, answered };
  }

  /** What somebody else asks for, past the client. */
  change(key: Uint8Array, changes: readonly Change[]): void {
    this.#change(key, changes, toBinary(new Uint8Array(14).fill(++this.#writes)), undefined);
  }

  /** The same request once more: a copy, or a try whose answer was lost. */
  replay(message: Get | Put): void {
    this.#serve(message);
  }

  /** Its disk is empty. */
  forget(): void {
    this.#objects.clear();
    this.#writes = 0;
  }

  /** As between replicas: both hold the join of all that either held. */
  exchange(other: FakeNode): void {
    for (const key of [...this.#objects.keys(), ...other.#objects.keys()]) {
      const joined = sync(this.#objects.get(key) ?? emptyObject, other.#objects.get(key) ?? emptyObject);
      this.#objects.set(key, joined);
      other.#objects.set(key, joined);
    }
  }

  #record(key: Uint8Array): Uint8Array | undefined {
    const object = this.#objects.get(toBinary(key));
    return object === undefined ? undefined : encodeRecord(hashKey(key), object);
  }

  #write(key: Uint8Array, value: Uint8Array | undefined, op: string, context: Uint8Array | undefined): Uint8Array {
    const token = context === undefined ? emptyToken : decodeToken(hashKey(key), context);
    const dot = { actor: makeActor("replica1", ++this.#writes), counter: 1 };
    const timestamp = { ms: this.#writes, counter: 0 };
    const object = this.#objects.get(toBinary(key)) ?? emptyObject;
    this.#objects.set(toBinary(key), plainWrite(object, token.context, { dot, value, timestamp, op }));
    return encodeToken(hashKey(key), { context: addDot(token.context, dot), latest: timestamp });
  }

  /** One after the other under the dots of one actor, as a replica does it. */
  #change(key: Uint8Array, changes: readonly Change[], op: string, context: Uint8Array | undefined): Uint8Array {
    const token = context === undefined ? emptyToken : decodeToken(hashKey(key), context);
    const object = this.#objects.get(toBinary(key)) ?? emptyObject;
    const actor = makeActor(this.name.padEnd(8), 1);
    const first = { actor, counter: (eventsOf(object.context, actor)?.base ?? 0) + 1 };
    const { added, seen, dropped } = applyChanges(object, changes, first);
    const timestamp = { ms: Math.max(++this.#writes, laterOf(token.latest, latest(object)).ms + 1), counter: 0 };
    const [client, sequence] = [op.slice(0, 8), sequenceOf(op)];
    const siblings = added.map((one, at) => ({ ...one, timestamp, op: makeOpId(client, sequence + at) }));
    this.#objects.set(
      toBinary(key),
      write(
        object,
        seen,
        siblings,
        spendUnless(() => false),
        dropped,
      ),
    );
    const written = contextOf(added.map(({ dot }) => dot));
    return encodeToken(hashKey(key), { context: joinContexts(token.context, written), latest: timestamp });
  }
}

export const tooFew: Omit<Failure, "kind" | "id"> = failureFields(
  unavailable("1 of 2 replicas answered that w needs", "unknown", { need: 2, got: 1, of: "w", answered: ["n1"] }),
);

function failureFields({ code, message, outcome, retryable, details }: ReturnType<typeof unavailable>): typeof tooFew {
  return { code, message, outcome, retryable, details };
}

/** A client of one fake node. */
export async function connectTo(
  node: FakeNode,
  options: ConnectOptions = {},
  seed: number = 1,
): Promise<{ readonly client: Client; readonly runtime: FakeRuntime }> {
  const runtime = new FakeRuntime(seed);
  runtime.onSocket = (socket) => node.serve(runtime, socket);
  return { client: await runtime.run(openClient(["ws://n1:7400"], options, runtime)), runtime };
}
