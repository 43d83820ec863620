// Writes what a release holds as CycloneDX: the program, the packages that are bundled into it, the Node beside it.
// Usage: sbom.js REPOSITORY EPOCH FILE
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library';
import { packagesIn } from '../scripts/notices.js';

const [, , repository, epoch, file] = process.argv;
const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));
const { name, version } = read('package.json');
const { version: nodeVersion, nodes } = read('packaging/nodes.json');

const program = component(
  name,
  version,
  `pkg:npm/${name}@${version}`,
  'MIT',
  Enums.ComponentType.Application,
);
program.externalReferences.add(
  new Models.ExternalReference(`https://github.com/${repository}`, Enums.ExternalReferenceType.VCS),
);
const bundled = packagesIn(readFileSync(join(root, 'dist', 'THIRD-PARTY-NOTICES'), 'utf8'));
const parts = [...bundled.map(ofRegistry), ...Object.values(nodes).map(ofNode)];
const bom = new Models.Bom({
  metadata: new Models.Metadata({ component: program, timestamp: new Date(Number(epoch) * 1000) }),
});
for (const part of parts) {
  bom.components.add(part);
  program.dependencies.add(part.bomRef);
}
// The same release has the same number: a UUID of what it holds.
const hex = createHash('sha256')
  .update(JSON.stringify([epoch, parts.map(({ purl }) => String(purl))]))
  .digest('hex');
bom.serialNumber = `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
writeFileSync(file, `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`);

function component(called, of, purl, licence, type = Enums.ComponentType.Library) {
  const made = new Models.Component(type, called, { version: of, purl, bomRef: purl });
  made.licenses.add(new Models.SpdxLicense(licence));
  return made;
}

function ofRegistry({ name: called, version: of, license }) {
  return component(called, of, `pkg:npm/${called.replace('@', '%40')}@${of}`, license);
}

function ofNode({ package: called, integrity }) {
  const purl = `pkg:npm/${called}@${nodeVersion}`;
  const made = component(called, nodeVersion, purl, 'MIT', Enums.ComponentType.Platform);
  const digest = Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex');
  made.hashes.set(Enums.HashAlgorithm['SHA-512'], digest);
  return made;
}
