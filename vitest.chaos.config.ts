/** `npm run chaos`: what takes too long for the gate. One file after the other, each case as it ends. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/chaos/*.chaos.ts"],
    reporters: ["verbose"],
    testTimeout: 300_000,
    hookTimeout: 60_000,
  },
});
