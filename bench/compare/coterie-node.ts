/**
 * One node of the Coterie under measurement, as users embed it: `node coterie-node.js OPTIONS`, the options of `startNode` as JSON. It
 * says `ready` to its parent, answers what it has used, and ends when the parent does.
 */
import { startNode, type NodeOptions } from "../../node/io/index.ts";
import { answerUsage } from "./usage.ts";

process.on("SIGINT", () => undefined); // Ctrl-C reaches the whole group: the parent ends its cluster in order
const starting = startNode(JSON.parse(process.argv[2]!) as NodeOptions);
process.on("disconnect", () => void starting.then((node) => node.close()).then(() => process.exit(0)));
const node = await starting;
answerUsage(() => node.traffic);
process.send!("ready");
