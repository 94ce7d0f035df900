import type { Member, RingTable } from "./ring.ts";

export interface RingPlan { readonly partitions: number; readonly replicas: number; readonly previous?: RingTable | undefined; }

const BUDGET = Number((globalThis as any).process.env.BUDGET ?? 1.35);
const VACANT = -1;
const NODE_CLASH = 1_000;
const ZONE_CLASH = 1;
const PASSES_MAX = 12;

class Draft {
  readonly owners: number[];
  readonly before: readonly number[];
  readonly quotas: readonly number[];
  readonly zones: readonly string[];
  readonly nodeReach: number;
  readonly nodeWin: number;
  readonly zoneReach: number;
  constructor(owners: readonly number[], quotas: readonly number[], zones: readonly string[], replicas: number) {
    this.owners = [...owners];
    this.before = owners;
    this.quotas = quotas;
    this.zones = zones; this.nodeWin = replicas;
    this.nodeReach = Math.min(replicas, quotas.length, owners.length);
    this.zoneReach = Math.min(replicas, new Set(zones).size, owners.length);
  }
  clashes(position: number, node: number): number {
    const q = this.owners.length, w = Math.min(this.nodeWin, q);
    const was = this.owners[position]!;
    this.owners[position] = node;
    let cost = 0;
    for (let f = 0; f < w; f++) cost += this.short((position - f + q) % q, w);
    this.owners[position] = was;
    return cost;
  }
  short(start: number, w: number): number {
    const q = this.owners.length;
    let nodes = this.nodeReach, zones = this.zoneReach;
    for (let i = 0; i < w; i++) {
      const a = this.owners[(start + i) % q]!;
      let nn = true, nz = true;
      if (a === VACANT) { nodes--; zones--; continue; }
      for (let j = 0; j < i; j++) { const b = this.owners[(start + j) % q]!; if (b === VACANT) continue; if (a === b) nn = false; if (this.zones[a] === this.zones[b]) nz = false; }
      if (nn) nodes--;
      if (nz) zones--;
    }
    return (nodes > 0 ? nodes * NODE_CLASH : 0) + (zones > 0 ? zones : 0);
  }
  displacedMax = Infinity;
  displaced(): number { let t = 0; for (let p = 0; p < this.owners.length; p++) if (this.owners[p] !== this.before[p]) t++; return t; }
  total(): number { let t = 0; for (let p = 0; p < this.owners.length; p++) t += this.short(p, Math.min(this.nodeWin, this.owners.length)); return t; }
}

export function quotasOf(weights: readonly number[], zones: readonly string[], partitions: number, replicas: number, held: readonly number[]): number[] {
  const shares = sharesOf(weights, zones, partitions, replicas);
  const names = [...new Set(zones)];
  const inZone = names.map((name) => zones.map((_, i) => i).filter((i) => zones[i] === name));
  const sum = (is: readonly number[], xs: readonly number[]) => is.reduce((s, i) => s + xs[i]!, 0);
  const zq = roundTo(inZone.map((is) => sum(is, shares)), partitions, inZone.map((is) => sum(is, held)));
  const quotas = weights.map(() => 0);
  inZone.forEach((is, z) => { const r = roundTo(is.map((i) => shares[i]!), zq[z]!, is.map((i) => held[i]!)); is.forEach((i, k) => { quotas[i] = r[k]!; }); });
  return quotas;
}
function roundTo(shares: readonly number[], total: number, held: readonly number[]): number[] {
  const quotas = shares.map((x) => Math.floor(x + 1e-9));
  const left = total - quotas.reduce((a, b) => a + b, 0);
  const byNeed = shares.map((_, i) => i).sort((a, b) => { const d = (shares[b]! - quotas[b]!) - (shares[a]! - quotas[a]!); return (Math.abs(d) > 1e-9 ? d : 0) || held[b]! - held[a]! || a - b; });
  for (const i of byNeed.slice(0, left)) quotas[i]! += 1;
  return quotas;
}
export function sharesOf(weights: readonly number[], zones: readonly string[], partitions: number, replicas: number): number[] {
  if (weights.length <= replicas) return weights.map(() => partitions / weights.length);
  const limit = Math.max(Math.floor(partitions / replicas), partitions / weights.length);
  const capped = shareOut(weights, partitions, weights.map(() => limit));
  const names = [...new Set(zones)];
  const most = names.length >= replicas ? Math.max(Math.floor(partitions / replicas), partitions / names.length) : (partitions * (replicas - names.length + 1)) / replicas;
  const inZone = names.map((name) => zones.map((_, i) => i).filter((i) => zones[i] === name));
  const zw = inZone.map((is) => is.reduce((s, i) => s + capped[i]!, 0));
  const zshares = shareOut(zw, partitions, inZone.map((is) => Math.min(most, is.length * limit)));
  const shares = weights.map(() => 0);
  inZone.forEach((is, z) => { const r = shareOut(is.map((i) => capped[i]!), zshares[z]!, is.map(() => limit)); is.forEach((i, k) => { shares[i] = r[k]!; }); });
  return shares;
}
function shareOut(weights: readonly number[], total: number, limits: readonly number[]): number[] {
  const shares: number[] = weights.map(() => 0);
  let open = weights.map((_, i) => i); let left = total;
  for (;;) {
    const sum = open.reduce((s, i) => s + weights[i]!, 0);
    const over = open.filter((i) => (left * weights[i]!) / sum > limits[i]! + 1e-9);
    if (over.length === 0) { for (const i of open) shares[i] = (left * weights[i]!) / sum; return shares; }
    for (const i of over) { shares[i] = limits[i]!; }
    const used = over.reduce((s, i) => s + limits[i]!, 0);
    left -= used;
    open = open.filter((i) => !over.includes(i));
    if (open.length === 0) return shares;
  }
}
function deal(quotas: readonly number[]): number[] {
  const s = quotas.length;
  const turns = quotas.flatMap((quota, node) => Array.from({ length: quota }, (_, k) => ({ node, at: (k + (node + 0.5) / s) / quota })));
  return turns.sort((a, b) => a.at - b.at || a.node - b.node).map((t) => t.node);
}
function dealZones(quotas: readonly number[], zones: readonly string[]): number[] {
  const names = [...new Set(zones)];
  const inZone = names.map((name) => zones.map((_, i) => i).filter((i) => zones[i] === name));
  const queues = inZone.map((is) => deal(is.map((i) => quotas[i]!)).map((k) => is[k]!));
  return deal(queues.map((x) => x.length)).map((z) => queues[z]!.shift()!);
}
function turn(dealt: number[], kept: number[] | undefined): number[] {
  if (!kept) return dealt;
  let best = 0, most = -1;
  for (let r = 0; r < dealt.length; r++) {
    let same = 0;
    for (let p = 0; p < dealt.length; p++) if (dealt[(p + r) % dealt.length] === kept[p]) same++;
    if (same > most) { most = same; best = r; }
  }
  return [...dealt.slice(best), ...dealt.slice(0, best)];
}
function claim(draft: Draft, held: number[], node: number): void {
  const q = draft.owners.length;
  const gap = Math.floor(q / draft.quotas[node]!);
  const nearest = new Array<number>(q).fill(gap);
  const mark = (p: number) => { for (let d = 0; d < gap; d++) { for (const o of [(p + d) % q, (p - d + q) % q]) nearest[o] = Math.min(nearest[o]!, d); } };
  draft.owners.forEach((o, p) => { if (o === node) mark(p); });
  while (held[node]! < draft.quotas[node]!) {
    let best = -1, bestScore = Infinity;
    for (let p = 0; p < q; p++) {
      const o = draft.owners[p]!;
      const surplus = o === VACANT ? 1e3 : held[o]! - draft.quotas[o]!;
      if (surplus <= 0) continue;
      const score = (draft.clashes(p, node) - (o === VACANT ? 0 : draft.clashes(p, o))) * 1e6 - nearest[p]! * 1e3 - (SUR ? Math.min(surplus, 999) : 0);
      if (score < bestScore) { bestScore = score; best = p; }
    }
    const o = draft.owners[best]!;
    if (o !== VACANT) held[o]!--;
    draft.owners[best] = node; held[node]!++;
    mark(best);
  }
}
let SUR = false;
export function setSur(x: boolean): void { SUR = x; }
export const stats: { passes: number; swaps: number; fallback: number } = { passes: 0, swaps: 0, fallback: 0 };
function repair(draft: Draft): void {
  for (let pass = 0; pass < PASSES_MAX; pass++) {
    let improved = false;
    for (let p = 0; p < draft.owners.length; p++) {
      if (draft.clashes(p, draft.owners[p]!) > (draft.displaced() >= draft.displacedMax ? NODE_CLASH - 1 : 0) && bestSwap(draft, p)) { improved = true; stats.swaps++; }
    }
    stats.passes++;
    if (!improved) return;
  }
}
function bestSwap(draft: Draft, p: number): boolean {
  const q = draft.owners.length;
  let best = -1, bestScore = 0;
  for (let o = 0; o < q; o++) {
    if (draft.owners[o] === draft.owners[p]) continue;
    const score = swapScore(draft, p, o);
    if (score < bestScore) { bestScore = score; best = o; }
  }
  if (best < 0) return false;
  swap(draft, p, best);
  return true;
}
function swap(draft: Draft, a: number, b: number): void { const x = draft.owners[a]!; draft.owners[a] = draft.owners[b]!; draft.owners[b] = x; }
function local(draft: Draft, a: number, b: number): number { return draft.clashes(a, draft.owners[a]!) + draft.clashes(b, draft.owners[b]!); }
function moved(draft: Draft, a: number, b: number): number { return Number(draft.owners[a] !== draft.before[a]) + Number(draft.owners[b] !== draft.before[b]); }
function swapScore(draft: Draft, a: number, b: number): number {
  const q = draft.owners.length;
  const c0 = local(draft, a, b), m0 = moved(draft, a, b);
  swap(draft, a, b);
  const c1 = local(draft, a, b), m1 = moved(draft, a, b);
  swap(draft, a, b);
  if (c1 >= c0) return 1;
  if (c0 - c1 < NODE_CLASH && draft.displaced() + m1 - m0 > draft.displacedMax) return 1;
  const dist = Math.min((a - b + q) % q, (b - a + q) % q);
  return (c1 - c0) * 1e6 + (m1 - m0) * 1e4 + Math.min(dist, 9999);
}
export function planRing(members: readonly Member[], { partitions, replicas, previous }: RingPlan): RingTable {
  const sorted = [...members].sort((a, b) => (a.id < b.id ? -1 : 1));
  const epoch = (previous?.epoch ?? 0) + 1;
  const indexOf = new Map(sorted.map((m, i) => [m.id, i]));
  const keep = previous !== undefined && previous.partitions === partitions && previous.members.length > replicas && sorted.length > replicas;
  const kept = keep ? previous.owners.map((o) => indexOf.get(previous.members[o]!.id) ?? VACANT) : undefined;
  const held = sorted.map((_, i) => kept?.filter((o) => o === i).length ?? 0);
  const quotas = quotasOf(sorted.map((m) => m.weight), sorted.map((m) => m.zone), partitions, replicas, held);
  const zones = sorted.map((m) => m.zone);
  let owners: number[] | undefined;
  if (kept) {
    const draft = new Draft(kept, quotas, zones, replicas);
    const needy = sorted.map((_, i) => i).filter((i) => held[i]! < quotas[i]!).sort((a, b) => quotas[b]! - held[b]! - (quotas[a]! - held[a]!) || a - b);
    for (const node of needy) claim(draft, held, node);
    draft.displacedMax = draft.displaced() * BUDGET;
    repair(draft);
    if (draft.total() < NODE_CLASH) owners = draft.owners;
    else stats.fallback++;
  }
  if (!owners) { const draft = new Draft(turn(dealZones(quotas, zones), kept), quotas, zones, replicas); repair(draft); owners = draft.owners; }
  return { epoch, partitions, replicas, members: sorted, owners };
}
