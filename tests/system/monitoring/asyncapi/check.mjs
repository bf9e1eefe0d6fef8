// Reads an AsyncAPI document with AsyncAPI's own parser; prints what it finds and fails on errors.
// usage: node check.mjs FOLDER_WITH_NODE_MODULES DOCUMENT
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const [folder, path] = process.argv.slice(2);
const { Parser } = createRequire(resolve(folder, "package.json"))("@asyncapi/parser");
const { document, diagnostics } = await new Parser().parse(readFileSync(path, "utf8"));

for (const { severity, message, path: where } of diagnostics) {
  console.log(severity === 0 ? "error" : "note", where.join("."), message);
}
if (!document) process.exit(1);
console.log("channels", document.channels().length, "messages", document.messages().length);
