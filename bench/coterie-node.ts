/**
 * One node of the Coterie under measurement, as users embed it: `node coterie-node.js ID DIRECTORY PORT...`, the ports of all
 * three. It says `ready` to its parent and ends when the parent does.
 */
import { startNode } from "../node/io/index.ts";

const [id, data, ...ports] = process.argv.slice(2);
const members = ports.map((port, index) => ({ id: `n${index + 1}`, url: `ws://127.0.0.1:${port}` }));
const node = await startNode({ id: id!, data: data!, members });
process.on("SIGINT", () => undefined); // Ctrl-C reaches the whole group: the parent ends its cluster in order
process.on("disconnect", () => void node.close().then(() => process.exit(0)));
process.send!("ready");
