/** A story's own requests: put to nodes directly, and noted in the history as those of clients are. */
import { encodeValue } from "../src/value.ts";
import { fromBinary } from "../src/bytes.ts";
import { bucketOf, hashKey } from "../src/key.ts";
import { plainPut, type Answer, type ClientRequest } from "../src/messages.ts";
import { makeOpId, type OpId } from "../src/op-id.ts";
import { settleOptions, type RequestOptions } from "../src/options.ts";
import { decodeToken } from "../src/token.ts";
import { textOf } from "./call.ts";
import type { Operation } from "./history.ts";
import type { NodeProcess } from "./node-process.ts";
import { keyNamed } from "./place.ts";
import { Request } from "./request.ts";
import type { Stage } from "./stage.ts";

/** What a request to a node may choose. */
export interface Choice extends RequestOptions {
  /** What a write replaces. Default: nothing. */
  readonly context?: Uint8Array | undefined;
  /** The write is another try of this one. */
  readonly retryOf?: Request | undefined;
}

/** Who asks, in the history: eight characters, as a client's id has. */
const storyteller = "story...";
const timeoutMs = 5000;

export class Questions {
  readonly #stage: Stage;
  #writes = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  put(node: NodeProcess, key: string, value: unknown, choice: Choice): Request {
    return this.#write("put", node, key, value, choice);
  }

  delete(node: NodeProcess, key: string, choice: Choice): Request {
    return this.#write("delete", node, key, undefined, choice);
  }

  #write(what: "put" | "delete", node: NodeProcess, key: string, written: unknown, choice: Choice): Request {
    const { context, retryOf, ...options } = choice;
    const op = retryOf?.op ?? this.#nextOp();
    const value = what === "put" ? encodeValue(written) : undefined;
    const request = new Request(`the ${what} of ${key} at ${node.id}`, keyNamed(key), op);
    const operation = this.#begin(what, request, key, options, what === "put" ? textOf(written) : undefined);
    if (context !== undefined) operation.contextIn = decodeToken(hashKey(request.key), context).context;
    const rest = { ...plainPut, timeoutMs: options.timeoutMs ?? timeoutMs, returnValue: false, details: true };
    const put = { kind: "Put", op: fromBinary(op), key: request.key, value, context, options, ...rest } as const;
    this.#ask(node, request, operation, (id) => ({ ...put, id }));
    return request;
  }

  get(node: NodeProcess, key: string, options: RequestOptions): Request {
    const request = new Request(`the get of ${key} at ${node.id}`, keyNamed(key), undefined);
    const operation = this.#begin("get", request, key, options, undefined);
    const resolve = this.#stage.profile.shape.merges !== undefined;
    const rest = { timeoutMs: options.timeoutMs ?? timeoutMs, head: false, details: true, resolve };
    this.#ask(node, request, operation, (id) => ({ kind: "Get", id, key: request.key, options, ...rest }));
    return request;
  }

  #nextOp(): OpId {
    return makeOpId(storyteller, ++this.#writes);
  }

  #begin(
    kind: Operation["kind"],
    request: Request,
    key: string,
    options: RequestOptions,
    value: string | undefined,
  ): Operation {
    const { shape } = this.#stage.profile;
    const settled = settleOptions(kind === "get" ? "get" : "put", options, bucketOf(request.key), shape.options);
    const { n, r, w, dw, sloppy: isSloppy, readRepair } = settled;
    const asked = { n, r, w, dw, isSloppy, readRepair };
    const calledAtMs = this.#stage.simulator.nowMs;
    const operation = this.#stage.history.call({ client: storyteller, key, kind, value, asked, calledAtMs });
    operation.op = request.op;
    this.#stage.world.recording?.called(operation);
    return operation;
  }

  #ask(node: NodeProcess, request: Request, operation: Operation, messageOf: (id: number) => ClientRequest): void {
    const { trace } = this.#stage.world;
    const answered = ([answer]: readonly Answer[]): void => {
      request.answer ??= answer;
      trace.line("story", () => `${request.title} is ${request.outcomeText}`);
      this.#returned(request, operation);
    };
    const lost = (): void => {
      request.isLost = true;
      this.#returned(request, operation);
    };
    trace.line("story", () => `begins ${request.title}`);
    const connection = node.links.addProbe(answered, lost);
    node.takeRequest(connection, messageOf(connection));
  }

  #returned(request: Request, operation: Operation): void {
    if (operation.outcome !== "pending") return;
    const { answer } = request;
    operation.outcome = answer === undefined ? "unknown" : answer.kind === "Failure" ? answer.outcome : "ok";
    operation.error = answer?.kind === "Failure" ? answer.code : undefined;
    operation.context = operation.outcome === "ok" ? request.covered : undefined;
    if (answer?.kind === "GetReply") operation.siblings = request.values.map(textOf);
    operation.returnedAtMs = this.#stage.simulator.nowMs;
    this.#stage.world.witness.observe({ kind: "returned", operation });
  }
}
