import { readFileSync } from 'node:fs';
import ts from 'typescript';

type Fields = Map<string, 'required' | 'optional'>;

const file = new URL('../src/frames.ts', import.meta.url);
const source: ts.SourceFile = ts.createSourceFile(
  'frames.ts',
  readFileSync(file, 'utf8'),
  ts.ScriptTarget.ESNext,
  true,
);

/**
 * The frames of a union in src/frames.ts by wire type, each with its fields but `type`. Interfaces leave nothing to look
 * at when the program runs, so the source is read.
 */
export function framesOf(union: 'ClientFrame' | 'ServerFrame'): Map<string, Fields> {
  const frames = new Map<string, Fields>();
  for (const shape of shapesOf(aliasOf(union))) {
    const { type, fields } = readShape(shape);
    frames.set(type, merged(frames.get(type), fields));
  }
  return frames;
}

/** Fields of one interface of src/frames.ts. */
export function fieldsOf(name: string): Fields {
  return readShape(interfaceOf(name)).fields;
}

type Shape = ts.InterfaceDeclaration | ts.TypeLiteralNode;

function shapesOf(node: ts.TypeNode): Shape[] {
  if (ts.isUnionTypeNode(node)) return node.types.flatMap(shapesOf);
  if (ts.isTypeLiteralNode(node)) return [node];
  if (!ts.isTypeReferenceNode(node)) throw new Error(`frames.ts: ${node.getText()} is no frame`);
  const name = node.typeName.getText();
  const alias = source.statements.find((item) => ts.isTypeAliasDeclaration(item) && item.name.text === name);
  return alias !== undefined && ts.isTypeAliasDeclaration(alias) ? shapesOf(alias.type) : [interfaceOf(name)];
}

function aliasOf(name: string): ts.TypeNode {
  const alias = source.statements.find((item) => ts.isTypeAliasDeclaration(item) && item.name.text === name);
  if (alias === undefined || !ts.isTypeAliasDeclaration(alias))
    throw new Error(`frames.ts has no type ${name}`);
  return alias.type;
}

function interfaceOf(name: string): ts.InterfaceDeclaration {
  const found = source.statements.find((item) => ts.isInterfaceDeclaration(item) && item.name.text === name);
  if (found === undefined || !ts.isInterfaceDeclaration(found))
    throw new Error(`frames.ts has no interface ${name}`);
  return found;
}

function readShape(shape: Shape): { type: string; fields: Fields } {
  const fields: Fields = new Map();
  let type = '';
  for (const member of shape.members) {
    if (!ts.isPropertySignature(member) || member.type === undefined) continue;
    const name = member.name.getText();
    if (name === 'type') type = member.type.getText().replaceAll("'", '');
    else fields.set(name, member.questionToken === undefined ? 'required' : 'optional');
  }
  return { type, fields };
}

/** Two spellings of one frame: what only one of them has is optional. */
function merged(one: Fields | undefined, other: Fields): Fields {
  if (one === undefined) return other;
  const both: Fields = new Map();
  for (const name of new Set([...one.keys(), ...other.keys()])) {
    both.set(name, one.get(name) === 'required' && other.get(name) === 'required' ? 'required' : 'optional');
  }
  return both;
}
