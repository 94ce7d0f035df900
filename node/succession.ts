/**
 * Who is asked next in one get: the primaries that can be reached, fastest first, and in the end a stand-in for each that cannot
 * be, that fails or is silent.
 */
import type { SettledOptions } from "../src/options.ts";
import type { PreferenceEntry } from "../src/preference-list.ts";
import type { NodeId } from "../src/ring.ts";
import { Candidates } from "./candidates.ts";
import type { Place, Self } from "./self.ts";

export interface SuccessionPlan {
  readonly place: Place;
  readonly options: Pick<SettledOptions, "n" | "sloppy">;
  readonly primaries: readonly PreferenceEntry[];
}

export class Succession {
  readonly #self: Self;
  readonly #plan: SuccessionPlan;
  readonly #order: readonly PreferenceEntry[];
  #next = 0;
  /** Primaries in whose place nobody was asked yet. */
  #vacancies: NodeId[] | undefined;
  /** Made when the first stand-in is needed: mostly never. */
  #candidates: Candidates | undefined;

  constructor(self: Self, plan: SuccessionPlan) {
    this.#self = self;
    this.#plan = plan;
    this.#order = self.latencies.order(plan.primaries, self.now.monotonicMs);
  }

  /** No answer of the primary will come, or none of whoever stood in for it. */
  vacate(primary: NodeId): void {
    this.#vacancies ??= [];
    if (!this.#vacancies.includes(primary)) this.#vacancies.push(primary);
  }

  get hasPrimary(): boolean {
    for (; this.#next < this.#order.length; this.#next++) {
      const { node } = this.#order[this.#next]!;
      if (node === this.#self.id) continue;
      if (this.#self.canReach(node)) return true;
      this.vacate(node);
    }
    return false;
  }

  nextPrimary(): PreferenceEntry | undefined {
    return this.hasPrimary ? this.#order[this.#next++] : undefined;
  }

  nextStandIn(): PreferenceEntry | undefined {
    for (let vacancy = this.#vacancies?.shift(); vacancy !== undefined; vacancy = this.#vacancies?.shift()) {
      const { place, options } = this.#plan;
      this.#candidates ??= new Candidates(this.#self, place.partition, options.n, options.sloppy);
      const standIn = this.#candidates.standInFor(vacancy);
      if (standIn !== undefined) return standIn;
    }
    return undefined;
  }
}
