// Gradio's own client, unmodified: /generate is followed to its file, and an error arrives in words.
import assert from "node:assert/strict";

const [, , modules, url] = process.argv;
const { Client } = await import(`${modules}/@gradio/client/dist/index.js`);
const app = await Client.connect(url);

const api = await app.view_api();
assert.deepEqual(Object.keys(api.named_endpoints), ["/generate"]);

const statuses = [];
let file;
for await (const message of app.submit("/generate", { prompt: "A paper boat", duration: 4 })) {
  if (message.type === "status" && message.stage === "error") throw new Error(message.message);
  if (message.type !== "data") continue;
  statuses.push(message.data[0]);
  file = message.data[1] ?? file;
}
assert.equal(statuses.at(-1), "Done");
const answer = await fetch(file.url);
const bytes = Buffer.from(await answer.arrayBuffer());
assert.equal(bytes.subarray(4, 8).toString(), "ftyp");

const library = await (await fetch(`${url}/v1/videos`)).json();
assert.equal(library.data[0].prompt, "A paper boat");
const gone = await fetch(`${url}/v1/videos/${library.data[0].id}`, { method: "DELETE" });
assert.equal((await gone.json()).deleted, true);

await assert.rejects(
  app.predict("/generate", { prompt: "x", duration: 5 }),
  (error) => /can't make 5 seconds/.test(JSON.stringify(error) + error.message),
);
process.exit(0);
