// Reports methods of our classes that are taken off their instance: `const { f } = object`, `object.f` passed as a
// value, `{ ...object }`. Where the method uses #private fields, the call throws a TypeError, and neither the compiler
// nor Biome reports it. The API of TypeScript 5, which the schemas' generator has: that of version 7 has no checker yet.
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const generator = createRequire(import.meta.url).resolve('ts-json-schema-generator');
const ts = createRequire(generator)('typescript');

// A test has a folder of its own.
const { argv } = process;
const folder = argv[2] ?? join(root, 'src');
const files = readdirSync(folder, { recursive: true })
  .filter((name) => name.endsWith('.ts') && !name.startsWith('page/'))
  .map((name) => join(folder, name));
const program = ts.createProgram(files, {
  ...{ target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.NodeNext },
  ...{ strict: true, allowImportingTsExtensions: true, noEmit: true, skipLibCheck: true },
  ...{ types: ['node'], typeRoots: [join(root, 'node_modules/@types')] },
});
const checker = program.getTypeChecker();
const ours = new Set(files);
const found = [];

for (const file of program.getSourceFiles()) if (isOurs(file)) visit(file);
for (const line of found) console.error(line);
if (found.length > 0) process.exit(1);
console.log(`Methods of ${files.length} files: all stay with their instances`);

function visit(node) {
  if (isTakenOff(node)) {
    const file = node.getSourceFile();
    const line = file.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    const place = `${relative(root, file.fileName)}:${line}`;
    found.push(
      `${place} takes ${node.getText()} off its instance. Call it on the instance: () => object.method()`,
    );
  }
  ts.forEachChild(node, visit);
}

function isTakenOff(node) {
  if (ts.isPropertyAccessExpression(node)) {
    const isCalled = ts.isCallExpression(node.parent) && node.parent.expression === node;
    return !isCalled && isMethod(checker.getSymbolAtLocation(node.name));
  }
  if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent)) {
    const name = (node.propertyName ?? node.name).getText();
    return isMethod(checker.getPropertyOfType(checker.getTypeAtLocation(node.parent), name));
  }
  if (!ts.isSpreadAssignment(node)) return false;
  const type = checker.getTypeAtLocation(node.expression);
  return type.symbol?.declarations?.some((one) => ts.isClassDeclaration(one) && isOurs(one.getSourceFile()));
}

function isMethod(symbol) {
  return symbol?.declarations?.some(
    (one) =>
      ts.isMethodDeclaration(one) &&
      ts.isClassDeclaration(one.parent) &&
      !one.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.StaticKeyword) &&
      isOurs(one.getSourceFile()),
  );
}

function isOurs({ fileName }) {
  return ours.has(fileName);
}
