// Flags that cannot be right for any cluster are refused before one is asked; those that may be right are not.
import { Command } from "commander";
import { describe, expect, test } from "vitest";
import {
  addRequestFlags,
  requestOptions,
  splitList,
  splitUrls,
  type RequestFlags,
} from "../../../../node/io/cli/request-flags.ts";

describe("counts", () => {
  test.each<readonly [args: string, sentence: string]>([
    ["--n 2 --w 3", "w is 3, more than n, which is 2"],
    ["--n 2 --r 3", "r is 3, more than n, which is 2"],
    ["--r 0", "r is 0: nobody would have to answer"],
    ["--r one --pr 2", "pr is 2, more than r, which is 1"],
    ["--r 1 --pr 2", "pr is 2, more than r, which is 1"],
    ["--w 2 --dw 3", "dw is 3, more than w, which is 2"],
    ["--w 1 --pw 2", "pw is 2, more than w, which is 1"],
    ["--n 3 --w quorum --dw all", "dw is 3, more than w, which is 2"],
    ["--n 3 --r quorum --pr all", "pr is 3, more than r, which is 2"],
  ])("%s", (args, sentence) => {
    expect(() => requestOptions(parse(args))).toThrow(sentence);
  });

  test.each<readonly [args: string, options: object]>([
    ["", {}],
    ["--w 5", { w: 5 }],
    ["--w all --dw 3 --pw quorum", { w: "all", dw: 3, pw: "quorum" }],
    ["--w 2 --dw quorum", { w: 2, dw: "quorum" }],
    ["--n 3 --pr all", { n: 3, pr: "all" }],
    ["--sloppy", { sloppy: true }],
    ["--no-sloppy --read-repair blocking", { sloppy: false, readRepair: "blocking" }],
    ["--n 3 --r one --w all --dw 0 --timeout 200", { n: 3, r: "one", w: "all", dw: 0, timeoutMs: 200 }],
  ])("may be right: %s", (args, options) => {
    expect(requestOptions(parse(args))).toStrictEqual(options);
  });
});

describe("single flags", () => {
  test.each([
    "--r most",
    "--r -1",
    "--r 1.5",
    "--w 99999",
    "--n 0",
    "--n x",
    "--timeout 0",
    "--timeout 600001",
    "--timeout 1e3",
    "--blind --context AQ",
    "--read-repair sometimes",
    "--sloppy yes",
  ])("%s is refused", (args) => {
    expect(() => parse(args)).toThrow(expect.objectContaining({ exitCode: 1 }));
  });

  test("addresses come one by one or with commas", () => {
    expect(parse("--url ws://a:1,ws://b:1 --url ws://c:1").url).toEqual(["ws://a:1", "ws://b:1", "ws://c:1"]);
    expect(splitList(" a, ,b,")).toEqual(["a", "b"]);
  });

  test("an address of a host and a port is one of a WebSocket; what has a scheme or no port is left as it is", () => {
    const typed = "a:1,127.0.0.1:7401,[::1]:7401,wss://b:2,http://c,d";
    const urls = ["ws://a:1", "ws://127.0.0.1:7401", "ws://[::1]:7401", "wss://b:2", "http://c", "d"];
    expect(splitUrls(typed)).toEqual(urls);
    expect(parse(`--url ${typed}`).url).toEqual(urls);
  });

  test("what is not said is not there", () => {
    expect(parse("")).toEqual({ bucket: "default" });
  });
});

describe("the help", () => {
  // The other kind's flags are taken and checked, and not advertised.
  const common = ["--n", "--sloppy", "--no-sloppy", "--timeout", "--bucket", "--details", "--url", "--json"];
  const ofReads = ["--r", "--pr", "--read-repair"];
  const ofWrites = ["--w", "--pw", "--dw", "--context", "--blind"];
  test.each([
    ["read", ofReads, ofWrites],
    ["write", ofWrites, ofReads],
  ] as const)("of a %s shows its own flags only", (kind, own, foreign) => {
    const help = addRequestFlags(new Command(), kind).helpInformation();
    const shown = [...help.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, name]) => name!);
    expect(shown).toEqual(expect.arrayContaining([...common, ...own]));
    expect(shown.filter((name) => foreign.includes(name as never))).toEqual([]);
  });
});

function parse(args: string): RequestFlags {
  const command = addRequestFlags(new Command(), "read")
    .exitOverride()
    .configureOutput({ outputError: () => undefined });
  return command.parse(args.split(" ").filter(Boolean), { from: "user" }).opts<RequestFlags>();
}
