// Calls an agent as AWS's JavaScript SDK does. Reads one JSON object on standard input:
//   endpoint, region, credentials {accessKeyId, secretAccessKey, sessionToken}, maxAttempts,
//   requestHandler ("http2": what the SDK's newest versions take by themselves; "http1"; "default": this version's own),
//   stopAfter (leave after so many events),
//   command (default "InvokeAgentCommand"), and everything else as that command's input.
// Writes one JSON object a line, bytes as base64: {"event"} for each, then {"response"} or {"error"}.

import { readFileSync } from "node:fs";

import * as sdk from "@aws-sdk/client-bedrock-agent-runtime";
import { NodeHttp2Handler, NodeHttpHandler } from "@smithy/node-http-handler";

const {
  endpoint,
  region = "us-east-1",
  credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
  maxAttempts = 1,
  requestHandler = "default",
  stopAfter = Infinity,
  command = "InvokeAgentCommand",
  ...input
} = JSON.parse(readFileSync(0, "utf8"));

const handlers = { default: undefined, http1: NodeHttpHandler, http2: NodeHttp2Handler };
const Handler = handlers[requestHandler];

const client = new sdk.BedrockAgentRuntimeClient({
  endpoint,
  region,
  credentials,
  maxAttempts,
  ...(Handler ? { requestHandler: new Handler() } : {}),
});

function write(line) {
  const encode = function (key, value) {
    return this[key] instanceof Uint8Array ? Buffer.from(this[key]).toString("base64") : value;
  };
  process.stdout.write(JSON.stringify(line, encode) + "\n");
}

function streamOf(output) {
  return Object.values(output).find((value) => value?.[Symbol.asyncIterator]);
}

try {
  const output = await client.send(new sdk[command](input));
  const stream = streamOf(output);
  let seen = 0;
  for await (const event of stream ?? []) {
    write({ event });
    seen += 1;
    if (seen >= stopAfter) process.exit(0);
  }
  const { $metadata: metadata, ...rest } = output;
  const fields = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== stream));
  write({ response: { metadata, ...fields } });
} catch (error) {
  write({
    error: { name: error.name, code: error.code ?? null, message: error.message, metadata: error.$metadata ?? null },
  });
} finally {
  client.destroy();
}
