/**
 * One process of a node: drives the shipped machine through its door, as node/io does in the real world.
 *
 *   down ──start──▶ starting ──ready──▶ serving ──stop──▶ stopping ──stopped──▶ down
 *     ▲                └──────────────────┴──crash──────────┘
 *
 * A turn takes everything that one event brought, then sends what that gave rise to: one frame per link. While the process is
 * paused its turns wait; the network and the disk do not.
 */
import { formatKey } from "../src/key.ts";
import type { ClientRequest, PeerMessage } from "../src/messages.ts";
import type { NodeId } from "../src/ring.ts";
import type { Effect, Input, Instant, Persist } from "../node/effects.ts";
import type { NodeConfig } from "../node/self.ts";
import type { NodeStatus } from "../node/status.ts";
import type { Table, Write } from "../node/store.ts";
import type { Whim } from "../node/whims.ts";
import type { Dice } from "./dice.ts";
import { SimulatedDisk } from "./disk.ts";
import { OpenRequests } from "./open-requests.ts";
import { Platter } from "./platter.ts";
import type { Event } from "./event-queue.ts";
import { Links } from "./links.ts";
import { formatMessage, formatWrite, type NodeMark } from "./trace.ts";
import { storeKeyOf } from "./place.ts";
import type { Witnessed } from "./witness.ts";
import { WallClock } from "./wall-clock.ts";
import type { Machine, World } from "./world.ts";

/** While something is open, as node/io does. When nothing is, `idleTickMs` of the world. */
const tickMs = 10;
/** How often a whim of this run is followed when it could be. */
const whimChance = 0.1;
/** How long a node fetches a key again that it has lost: longer than node/recovery.ts does. */
const recoveryMs = 6000;

type Phase = "down" | "starting" | "serving" | "stopping";

export class NodeProcess implements Witnessed {
  readonly config: NodeConfig;
  readonly links: Links;
  incarnation = 0;
  life = "";
  /** How many disks it has had. */
  disk = 1;
  /** Records and hints that it has ever handed to a disk, and removals of such. */
  writes = 0;
  phase: Phase = "down";
  platter: Platter = new Platter();
  readonly clock: WallClock;
  readonly #world: World;
  readonly #diskDice: Dice;
  readonly #ids: Dice;
  readonly #whimDice: Dice;
  #mayBeOlder = false;
  #store: SimulatedDisk<Persist> | undefined;
  #machine: Machine | undefined;
  readonly #delivered: Input[] = [];
  #pausedTurns: (() => void)[] | undefined;
  #isInTurn = false;
  #tick: Event | undefined;
  #isTickIdle = false;
  readonly #openRequests = new OpenRequests();
  #busyUntilMs = 0;

  constructor(world: World, config: NodeConfig) {
    this.#world = world;
    this.#whimDice = world.simulator.dice(`whims:${config.id}`);
    this.config = { ...config, whims: (whim) => this.#follows(whim) };
    this.links = new Links(world, this);
    this.clock = new WallClock(() => world.simulator.nowMs);
    this.#diskDice = world.simulator.dice(`disk:${config.id}`);
    this.#ids = world.simulator.dice(`ids:${config.id}`);
  }

  get id(): NodeId {
    return this.config.id;
  }

  get mark(): NodeMark {
    if (this.phase === "down") return "×";
    return this.phase === "starting" || this.#pausedTurns !== undefined ? "·" : "○";
  }

  get isServing(): boolean {
    return this.phase === "serving" && !this.isPaused;
  }

  get isPaused(): boolean {
    return this.#pausedTurns !== undefined;
  }

  /** Batches that a crash would endanger. */
  get unsynced(): number {
    return this.#store?.unsynced ?? 0;
  }

  get isIdle(): boolean {
    return this.#openRequests.size === 0 && this.unsynced === 0 && !this.isRecovering;
  }

  /** It has lately found a record that was bad, or less than it was. */
  get isRecovering(): boolean {
    return this.#world.simulator.nowMs < this.#busyUntilMs;
  }

  /** What it keeps for others. */
  get hintCount(): number {
    return this.#store?.count("hints") ?? this.platter.tables.hints.size;
  }

  /** What keeps it from being idle, in words. */
  get work(): string {
    return `${this.#openRequests.size} open, ${this.unsynced} unsynced, ${this.hintCount} hints`;
  }

  get wallMs(): number {
    return this.clock.ms;
  }

  seen(table: Table, key: Uint8Array): Uint8Array | undefined {
    return this.#store?.get(table, key);
  }

  durable(table: Table, key: Uint8Array): Uint8Array | undefined {
    return this.#store?.durable(table, key);
  }

  seenHints(): Iterable<Uint8Array> {
    return this.#store?.values("hints") ?? [];
  }

  start(): void {
    if (this.phase !== "down") return;
    this.phase = "starting";
    this.incarnation++;
    this.life = `${this.id}.${this.incarnation}`;
    const { simulator, diskConditions, createMachine } = this.#world;
    const incarnation = this.incarnation;
    const ifStillHere = (run: () => void): void => {
      if (this.incarnation === incarnation) this.turn(run);
    };
    const world = { simulator, dice: this.#diskDice, conditions: diskConditions };
    this.#store = new SimulatedDisk<Persist>(world, this.platter, {
      onDurable: (batches) => ifStillHere(() => batches.forEach(({ then }) => this.#apply(then, undefined))),
      onFailure: ({ message }) => ifStillHere(() => this.#die(message)),
      onFull: (isFull) => ifStillHere(() => this.take({ kind: "diskFull", isFull })),
    });
    this.#machine = createMachine(this.config, this.#store, this.#instant());
    this.#trace(() => `starts${this.incarnation > 1 ? " again" : ""}`);
    this.take({ kind: "start", freshReplicaId: this.#ids.now.binary(8), mayBeOlder: this.#mayBeOlder });
    this.#store?.lookForRoom();
  }

  /** Like a crash: after a sync that failed nobody knows what is on the disk. */
  #die(why: string): void {
    this.#trace(() => `stops serving: ${why}`);
    this.crash(false);
  }

  /** Whether or not the power is cut: what was not synced may be lost. Only the power takes the sockets silently with it. */
  crash(isPowerCut: boolean): void {
    if (this.phase === "down") return;
    this.#trace(() => (isPowerCut ? "loses power" : "crashes"));
    this.#store?.crash();
    this.#end();
    this.links.end(isPowerCut);
    this.#world.witness.observe({ kind: "crashed", node: this.id, isPowerCut });
  }

  /** A clean stop: takes as long as the machine needs. */
  stop(): void {
    if (this.phase !== "serving") return;
    this.phase = "stopping";
    this.#trace(() => "is asked to stop");
    this.take({ kind: "stop" });
  }

  pause(): void {
    if (this.phase !== "down") this.#pausedTurns ??= [];
  }

  resume(): void {
    const turns = this.#pausedTurns ?? [];
    this.#pausedTurns = undefined;
    for (const turn of turns) this.turn(turn);
  }

  /** Somebody else fills the disk, or makes room on it: it outlives the process. */
  setDiskFull(isFull: boolean): void {
    this.platter.isFull = isFull;
    this.#trace(() => (isFull ? "has a full disk" : "has room on its disk"));
    this.#store?.lookForRoom();
  }

  /** A new, empty disk. */
  wipe(): void {
    if (this.phase !== "down") throw new Error("a disk is wiped while its node is down");
    this.platter = new Platter();
    this.disk++;
    this.#damaged("has lost its disk");
  }

  /** Somebody has restored its backup: what came after it is gone, and the directory can tell. */
  setBack(): void {
    if (this.phase !== "down") throw new Error("a disk is set back while its node is down");
    this.platter = this.platter.backup?.copy() ?? new Platter();
    this.disk++;
    this.#mayBeOlder = true;
    this.#damaged("has its disk set back");
  }

  /**
   * Not while it is paused or waits for its disk: it would acknowledge, when it goes on, what was on its disk when it should have,
   * and I7 could not tell that from a lie (seeds 5314 and 237).
   */
  get mayRot(): boolean {
    return this.phase !== "down" && !this.isPaused && this.unsynced === 0;
  }

  /** Turns a bit in the record of a key. @returns whether there was a record to turn it in */
  flip(key: Uint8Array): boolean {
    this.#world.witness.damaging(this, key);
    if (this.#store?.flip(storeKeyOf(this, key)) !== true) return false;
    this.#damaged("has a bit turned in its record of", key);
    return true;
  }

  /** Loses the record of a key without a trace. */
  forget(key: Uint8Array): void {
    this.#store?.forget(storeKeyOf(this, key));
    this.#damaged("forgets", key);
  }

  /** What it says of itself: of this start of it only. `undefined` if it does not say anything. */
  tell(): NodeStatus | undefined {
    let told: NodeStatus | undefined;
    const connection = this.links.addProbe(([answer]) => {
      if (answer?.kind === "StatusReply") told = JSON.parse(answer.status) as NodeStatus;
    });
    this.takeRequest(connection, { kind: "Status", id: 0, partitions: true });
    return told;
  }

  /** One input, as a turn of its own. */
  take(input: Input): void {
    this.turn(() => this.#step(input, 0));
  }

  takeRequest(connection: number, message: ClientRequest): void {
    this.turn(() => this.#step({ kind: "client", connection, message }, 0));
  }

  /** All messages of one frame, as one turn. */
  takeFrame(node: NodeId, peerIncarnation: number, messages: readonly PeerMessage[]): void {
    this.turn(() => {
      for (const message of messages) this.#step({ kind: "peer", node, message }, peerIncarnation);
    });
  }

  /** Runs what one event brought; a turn inside of a turn is part of it. */
  turn(run: () => void): void {
    if (this.#isInTurn) return run();
    if (this.#machine === undefined) return;
    if (this.#pausedTurns !== undefined) return void this.#pausedTurns.push(run);
    this.#isInTurn = true;
    run();
    for (let input = this.#delivered.shift(); input !== undefined; input = this.#delivered.shift())
      this.#step(input, this.incarnation);
    this.links.flush();
    this.#isInTurn = false;
    this.#tickLater();
  }

  #follows(whim: Whim): boolean {
    const { whims, coverage } = this.#world;
    if (!whims.has(whim) || !this.#whimDice.now.chance(whimChance)) return false;
    coverage.mark(whim);
    return true;
  }

  #step(input: Input, peerIncarnation: number): void {
    const machine = this.#machine;
    if (machine === undefined) return;
    this.#openRequests.asked(input);
    const effects = machine.step(this.#instant(), input);
    this.#world.witness.stepped(this, input, effects, peerIncarnation);
    if (this.#world.trace.isOn) this.#traceInput(input);
    this.#apply(effects, input);
  }

  #apply(effects: readonly Effect[], input: Input | undefined): void {
    for (const effect of effects) if (this.#machine !== undefined) this.#applyOne(effect, input);
  }

  #applyOne(effect: Effect, input: Input | undefined): void {
    this.#world.witness.released(this, effect);
    this.#openRequests.answered(effect);
    switch (effect.kind) {
      case "send":
        this.#world.traffic.count(effect.message);
        if (effect.message.kind === "ReplicaPut" && effect.message.standsFor !== undefined)
          this.#world.coverage.mark("stand-in asked");
        return this.links.send(effect.node, effect.message);
      case "reply":
        return this.links.reply(effect.connection, effect.message);
      case "cutLink":
        return this.links.cut(effect.node);
      case "persist":
        return this.#persist(effect, input);
      case "deliver":
        this.#delivered.push(effect.input);
        return;
      case "log":
        return this.#log(effect.event, effect.fields);
      case "ready":
        this.phase = "serving";
        this.#mayBeOlder = false;
        return this.links.begin();
      case "stopped":
        return this.#stopped();
    }
  }

  #persist(batch: Persist, input: Input | undefined): void {
    this.#world.witness.persisting(this, input, batch);
    for (const write of batch.writes) if (write.table !== "meta") this.#handsToDisk(write);
    this.#store!.commit(batch);
  }

  #handsToDisk(write: Write): void {
    const { coverage } = this.#world;
    this.writes++;
    if (write.table === "hints") coverage.mark(write.value === undefined ? "hint removed" : "hint stored");
    else if (write.table === "objects" && write.value === undefined) coverage.mark("tombstone collected");
    this.#trace(() => formatWrite(write));
  }

  #log(event: string, fields: Readonly<Record<string, string | number>>): void {
    this.#world.coverage.mark(event);
    if (event === "amnesia" || event === "bad record") this.#busyUntilMs = this.#world.simulator.nowMs + recoveryMs;
    this.#trace(() => `notes: ${event} ${JSON.stringify(fields)}`);
    this.#world.recording?.noted(this.id, event, fields);
  }

  #stopped(): void {
    this.#trace(() => "has stopped");
    this.#store!.close();
    this.#end();
    this.links.flush();
    this.links.end(false);
    this.#world.witness.observe({ kind: "stopped", node: this.id });
  }

  #end(): void {
    this.phase = "down";
    this.#machine = undefined;
    this.#delivered.length = 0;
    this.#pausedTurns = undefined;
    this.#openRequests.clear();
    this.#busyUntilMs = 0;
    this.#store = undefined;
    if (this.#tick !== undefined) this.#tick.isCancelled = true;
    this.#tick = undefined;
  }

  #tickLater(): void {
    if (this.#machine === undefined) return;
    const isIdle = this.isIdle && this.phase === "serving";
    if (this.#tick !== undefined && (isIdle || !this.#isTickIdle)) return;
    if (this.#tick !== undefined) this.#tick.isCancelled = true;
    this.#isTickIdle = isIdle;
    this.#tick = this.#world.simulator.schedule(isIdle ? this.#world.idleTickMs : tickMs, "tick", () => {
      this.#tick = undefined;
      this.take({ kind: "tick", queuedBytes: 0, lagMs: 0 });
    });
  }

  #damaged(what: string, record?: Uint8Array): void {
    const key = record && formatKey(record);
    const text = key === undefined ? what : `${what} ${key}`;
    this.#trace(() => text);
    this.#world.witness.observe({ kind: "damaged", node: this.id, key, text });
  }

  #instant(): Instant {
    const { nowMs } = this.#world.simulator;
    return { monotonicMs: nowMs, wallMs: this.clock.ms };
  }

  #traceInput(input: Input): void {
    if (input.kind !== "client" && (input.kind !== "peer" || input.node === this.id)) return;
    const from = input.kind === "client" ? this.links.nameOf(input.connection) : input.node;
    this.#trace(() => `gets from ${from}: ${formatMessage(input.message)}`);
  }

  #trace(text: () => string): void {
    this.#world.trace.line(this.id, text);
  }
}
