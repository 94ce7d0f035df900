/**
 * The search for an order of a register's operations (`linearizability.ts` says of which): one is laid behind the other, and where
 * that gets stuck it goes back.
 *
 * - What returned first must be laid before what was called later: only a window about as wide as there are clients is ever open.
 * - What was tried is not tried again: which ones are laid, and what the register holds then, is all that the rest depends on.
 * - A look that fits is laid at once: it changes nothing.
 * - What nobody reads is laid right before the next write: there it is in nobody's way.
 * - What somebody still needs, and never comes again, is not overwritten. Where every value is written once this decides nearly all.
 *
 * Source: Wing, Gong: Testing and Verifying Concurrent Objects (1993); Lowe: Testing for Linearizability (2017), for what was tried.
 */
import { isLook, isPossible, needOf, valueOf, type RegisterOperation, type RegisterValue } from "./register-history.ts";

/** One operation to be laid. Values are small numbers. */
interface Entry {
  readonly operation: RegisterOperation;
  /** It must happen. */
  readonly isCertain: boolean;
  readonly isLook: boolean;
  /** What it needs, if anything; and what it leaves behind, if it changes anything. */
  readonly needs: number | undefined;
  readonly leaves: number | undefined;
  /** Nobody needs what it leaves. */
  readonly isUnread: boolean;
  readonly returnedAtMs: number;
  isLaid: boolean;
}

/** Where the search stands: what may come next, of which it has tried those before `next`. */
interface Branch {
  readonly choices: readonly (readonly Entry[])[];
  next: number;
  /** How things were when it came here. */
  readonly laid: number;
  readonly held: number;
  readonly first: number;
}

/** What may be laid next. */
interface Window {
  readonly open: readonly Entry[];
  /** By then the first of those that must happen had returned: nothing that was called later may come before it. */
  readonly endMs: number;
}

export class Search {
  readonly #values: readonly RegisterValue[];
  /** In the order of their calls: those that must happen, and those that may. */
  readonly #certain: readonly Entry[];
  readonly #possible: readonly Entry[];
  readonly #order: Entry[] = [];
  readonly #tried = new Set<string>();
  /** By value: how many that must happen and are not laid need it, and how many that are not laid leave it. */
  readonly #needed: number[];
  readonly #coming: number[];
  /** Before this one all that must happen are laid. */
  #first = 0;
  #held: number;

  /**
   * @param certain those that must have happened
   * @param pending those that may have: they have not returned, or nobody knows
   */
  constructor(certain: readonly RegisterOperation[], pending: readonly RegisterOperation[]) {
    const possible = relevantOf(certain, pending);
    const all = [...certain, ...possible];
    this.#values = [...new Set([undefined, ...all.flatMap((one) => [needOf(one)?.value, valueOf(one)])])];
    this.#held = this.#values.indexOf(undefined);
    const numbers = new Map(this.#values.map((value, at) => [value, at]));
    const read = new Set(all.flatMap((one) => needOf(one) ?? []).map(({ value }) => value));
    const entryOf = (operation: RegisterOperation, isCertain: boolean): Entry => {
      const need = needOf(operation);
      return {
        operation,
        isCertain,
        isLook: isLook(operation),
        needs: need && numbers.get(need.value),
        leaves: isLook(operation) ? undefined : numbers.get(valueOf(operation)),
        isUnread: operation.action.kind === "write" && !read.has(operation.action.value),
        returnedAtMs: isCertain ? operation.returnedAtMs : Infinity,
        isLaid: false,
      };
    };
    this.#certain = certain.map((operation) => entryOf(operation, true)).sort(byCall);
    this.#possible = possible.map((operation) => entryOf(operation, false)).sort(byCall);
    this.#needed = this.#count(this.#certain.map(({ needs }) => needs));
    this.#coming = this.#count([...this.#certain, ...this.#possible].map(({ leaves }) => leaves));
  }

  /** What was laid, in its order, and what the register holds behind it. */
  get order(): readonly RegisterOperation[] {
    return this.#order.map(({ operation }) => operation);
  }

  get held(): RegisterValue {
    return this.#values[this.#held];
  }

  /** @returns whether there is an order; `unknown`: not within so many steps */
  run(stepsMax: number): "linearizable" | "violated" | "unknown" {
    const branches: Branch[] = [];
    let from = { laid: 0, held: this.#held, first: 0 };
    for (let steps = 0; steps < stepsMax; steps++) {
      const choices = this.#advance();
      if (this.#first === this.#certain.length) return "linearizable";
      branches.push({ choices, next: 0, ...from });
      const branch = this.#backToChoice(branches);
      if (branch === undefined) return "violated";
      from = { laid: this.#order.length, held: this.#held, first: this.#first };
      for (const entry of branch.choices[branch.next++]!) this.#lay(entry);
    }
    return "unknown";
  }

  #count(values: readonly (number | undefined)[]): number[] {
    const counts = this.#values.map(() => 0);
    for (const value of values) if (value !== undefined) counts[value]!++;
    return counts;
  }

  /** Lays all looks that fit. @returns what may be tried next: nothing, if this was tried before */
  #advance(): readonly (readonly Entry[])[] {
    let window = this.#window();
    for (;;) {
      const looks = window.open.filter((entry) => entry.isLook && this.#fits(entry));
      if (looks.length === 0) break;
      for (const look of looks) this.#lay(look);
      window = this.#window();
    }
    const name = this.#name(window);
    if (this.#tried.has(name)) return [];
    this.#tried.add(name);
    return this.#choices(window.open.filter((entry) => !entry.isLook && this.#fits(entry) && this.#mayFollow(entry)));
  }

  /** Those that nobody reads come before a write, or alone if none is wanted yet: the order among them is nobody's business. */
  #choices(changes: readonly Entry[]): readonly (readonly Entry[])[] {
    const unread = changes.filter((entry) => entry.isUnread);
    const choices = changes
      .filter((entry) => !entry.isUnread)
      .sort(byReturn)
      .map((entry) => (entry.needs === undefined ? [...unread, entry] : [entry]));
    return unread.length === 0 ? choices : [...choices, unread];
  }

  #fits({ operation }: Entry): boolean {
    return isPossible(operation, this.held);
  }

  /** Not while somebody still needs what is held, if it never comes again. */
  #mayFollow({ needs, leaves, isCertain }: Entry): boolean {
    const stillNeeded = this.#needed[this.#held]! - (needs === this.#held && isCertain ? 1 : 0);
    return stillNeeded === 0 || leaves === this.#held || this.#coming[this.#held]! > 0;
  }

  /** @returns the last branch with a choice left, everything behind it undone */
  #backToChoice(branches: Branch[]): Branch | undefined {
    for (let branch = branches.at(-1); branch !== undefined; branch = branches.at(-1)) {
      if (branch.next < branch.choices.length) return branch;
      branches.pop();
      while (this.#order.length > branch.laid) this.#account(this.#order.pop()!, false);
      this.#held = branch.held;
      this.#first = branch.first;
    }
    return undefined;
  }

  #lay(entry: Entry): void {
    this.#order.push(entry);
    this.#account(entry, true);
    this.#held = entry.leaves ?? this.#held;
    while (this.#certain[this.#first]?.isLaid === true) this.#first++;
  }

  #account(entry: Entry, isLaid: boolean): void {
    entry.isLaid = isLaid;
    const { needs, leaves, isCertain } = entry;
    if (needs !== undefined && isCertain) this.#needed[needs]! += isLaid ? -1 : 1;
    if (leaves !== undefined) this.#coming[leaves]! += isLaid ? -1 : 1;
  }

  #window(): Window {
    const open: Entry[] = [];
    let endMs = Infinity;
    for (let at = this.#first; at < this.#certain.length; at++) {
      const entry = this.#certain[at]!;
      if (entry.operation.calledAtMs > endMs) break;
      if (entry.isLaid) continue;
      open.push(entry);
      endMs = Math.min(endMs, entry.returnedAtMs);
    }
    for (const entry of this.#possible) {
      if (entry.operation.calledAtMs > endMs) break;
      if (!entry.isLaid) open.push(entry);
    }
    return { open, endMs };
  }

  /** Everything that the rest depends on: what is laid, and what is held. */
  #name({ endMs }: Window): string {
    let name = `${this.#held} ${this.#first} `;
    for (let at = this.#first; at < this.#certain.length; at++) {
      const { isLaid, operation } = this.#certain[at]!;
      if (operation.calledAtMs > endMs) break;
      name += isLaid ? "1" : "0";
    }
    for (const [at, { isLaid }] of this.#possible.entries()) if (isLaid) name += ` ${at}`;
    return name;
  }
}

function byCall(a: Entry, b: Entry): number {
  return a.operation.calledAtMs - b.operation.calledAtMs;
}

/** What must be laid soon is tried first. Two that never return are equal: their difference would be no number. */
function byReturn(a: Entry, b: Entry): number {
  return a.returnedAtMs === b.returnedAtMs ? 0 : a.returnedAtMs - b.returnedAtMs;
}

/** Of those that may or may not have happened, the ones that could explain anything: the others need not have happened. */
function relevantOf(
  certain: readonly RegisterOperation[],
  pending: readonly RegisterOperation[],
): readonly RegisterOperation[] {
  const needed = new Set(certain.map((one) => needOf(one)?.value));
  const candidates = new Set(pending);
  const relevant: RegisterOperation[] = [];
  for (let known = -1; known < relevant.length;) {
    known = relevant.length;
    for (const candidate of candidates) {
      if (!needed.has(valueOf(candidate))) continue;
      candidates.delete(candidate);
      relevant.push(candidate);
      needed.add(needOf(candidate)?.value);
    }
  }
  return relevant;
}
