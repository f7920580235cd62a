// node-fhir-server-core (a FHIR framework on Express) over a Map: what the framework alone costs. It has no store.
// asymmetrik.js PORT NDJSON, run in a folder where @asymmetrik/node-fhir-server-core is installed.

const { randomUUID } = require('node:crypto');
const { readFileSync } = require('node:fs');

const record = new Map();
const ofPatient = new Map();

function keep(resource) {
  record.set(resource.id, resource);
  const patient = resource.subject.reference.split('/')[1];
  ofPatient.set(patient, [...(ofPatient.get(patient) ?? []), resource]);
}

module.exports = {
  searchById: async (args) => record.get(args.id),
  create: async (args, { req }) => {
    const resource = { ...req.body, id: randomUUID() };
    keep(resource);
    return { id: resource.id };
  },
  search: async (args, { req }) => {
    const [system, code] = req.query.code.split('|');
    const since = req.query.date.slice(2);
    const found = (ofPatient.get(req.query.patient) ?? [])
      .filter((each) => each.effectiveDateTime >= since)
      .filter((each) => each.code.coding.some((coding) => coding.system === system && coding.code === code))
      .sort((one, other) => (one.effectiveDateTime < other.effectiveDateTime ? 1 : -1));
    const entry = found.slice(0, 10).map((resource) => ({ resource }));
    return { resourceType: 'Bundle', type: 'searchset', total: found.length, entry };
  },
};

if (require.main === module) {
  const [port, file] = process.argv.slice(2);
  for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
    const resource = JSON.parse(line);
    if (resource.resourceType === 'Observation') {
      keep(resource);
    }
  }
  setImmediate(() => {
    // once this file is loaded, because the framework loads it again as its service
    const { initialize } = require(process.cwd() + '/node_modules/@asymmetrik/node-fhir-server-core');
    const profiles = { Observation: { service: __filename, versions: ['4_0_1'] } };
    initialize({ server: {}, logging: { level: 'error' }, security: [], profiles }).listen(Number(port), '127.0.0.1');
  });
}
