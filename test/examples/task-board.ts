/** A task board as an application has it: what a task is, and what people do to one. Nothing here knows of concurrency. */
import {
  counter,
  growSet,
  map,
  register,
  set,
  type Client,
  type DataBucket,
  type EditorOf,
  type ValueOf,
} from "coterie/client";

export const task = map({
  /** Of two that are set side by side the later holds. */
  status: register<"open" | "in progress" | "done">(),
  /** Nobody takes back a note. */
  notes: growSet<string>(),
  /** What the task waits for; adding wins. */
  blockers: set<string>(),
  /** Minutes. */
  timeSpent: counter(),
});

export type Task = ValueOf<typeof task>;
export type TaskBoard = DataBucket<Task, EditorOf<typeof task>>;

export function taskBoard(kv: Client): TaskBoard {
  return kv.map("tasks", task);
}

export async function open(board: TaskBoard, id: string, blockers: readonly string[]): Promise<void> {
  await board.edit(id, (t) => {
    t.status.assign("open");
    t.blockers.addAll(blockers);
  });
}

/** What somebody did in one sitting: all of it is seen together, or nothing. */
export async function report(
  board: TaskBoard,
  id: string,
  work: { readonly note: string; readonly minutes: number; readonly status: "in progress" | "done" },
): Promise<void> {
  await board.edit(id, (t) => {
    t.status.assign(work.status);
    t.notes.add(work.note);
    t.timeSpent.increment(work.minutes);
  });
}
