import { describe, expect, it } from 'vitest';
import {
  closeCodes,
  defaultLimits,
  errorCodes,
  errorInfo,
  isClientType,
  jsonCodec,
  mayReconnect,
  reservedEvents,
  terminalReasons,
  tokenReasons,
} from '../src/index.ts';
import type { ErrorCode } from '../src/index.ts';
import { msgpackCodec } from '../src/msgpack/index.ts';
import { protobufCodec } from '../src/protobuf/index.ts';
import { code, codes, fields, section, table } from './document.ts';
import { fieldsOf, framesOf } from './source.ts';

const entries = (map: Map<string, unknown>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

describe('PROTOCOL.md §2 and the client frames', () => {
  const documented = new Map(table(2, 'Type').map(([type, cell]) => [code(type), fields(cell)]));
  const coded = framesOf('ClientFrame');

  it('names the same types', () => {
    expect([...documented.keys()].sort()).toEqual([...coded.keys()].sort());
    for (const type of documented.keys()) expect(isClientType(type), type).toBe(true);
  });

  it.each([...documented.keys()].filter((type) => type !== 'ack'))('gives %s the same fields', (type) => {
    const inCode = coded.get(type) ?? new Map();
    expect(inCode.get('id'), 'every client frame may carry an id').toBe('optional');
    inCode.delete('id');
    expect(entries(inCode)).toEqual(entries(documented.get(type) ?? new Map()));
  });

  it('gives ack its two spellings: channel and offset, or id', () => {
    expect([...(documented.get('ack')?.keys() ?? [])]).toEqual(['channel', 'offset', 'epoch']);
    expect([...(coded.get('ack')?.keys() ?? [])].sort()).toEqual(['channel', 'epoch', 'id', 'offset']);
    expect(section(2)).toContain('`{"type":"ack","id":"m-1"}`');
  });

  it('has a part of its own for every type', () => {
    for (const type of coded.keys()) expect(section(2)).toContain(`\n### ${type}\n`);
  });

  it('answers with documented server frames', () => {
    const answers = table(2, 'Type').map(([, , answer]) => code(answer));
    const served = framesOf('ServerFrame');
    for (const answer of answers.filter((name) => name !== '')) expect([...served.keys()]).toContain(answer);
  });

  it('names only error codes that exist for bad frames', () => {
    for (const [, cell] of table(2, 'Input')) expect(Object.keys(errorCodes)).toContain(code(cell));
  });
});

describe('PROTOCOL.md §18 and the codecs', () => {
  it('names the same subprotocols, and which are binary', () => {
    const documented = table(18, 'Subprotocol').map(([cell, , sends]) => [codes(cell ?? '').at(-1), sends]);
    const coded = [jsonCodec, msgpackCodec, protobufCodec].map(({ subprotocol, binary }) => [
      subprotocol,
      binary ? 'binary' : 'text',
    ]);
    expect(documented).toEqual(coded);
  });
});

describe('PROTOCOL.md §3, §4 and the server frames', () => {
  const documented = new Map(table(3, 'Type').map(([type, cell]) => [code(type), fields(cell)]));
  const coded = framesOf('ServerFrame');

  it('names the same types', () => {
    expect([...documented.keys()].sort()).toEqual([...coded.keys()].sort());
  });

  it.each([...documented.keys()])('gives %s the same fields', (type) => {
    expect(entries(coded.get(type) ?? new Map())).toEqual(entries(documented.get(type) ?? new Map()));
  });

  it('gives a publication the same fields, its event travelling as type', () => {
    const inCode = fieldsOf('Publication');
    inCode.set('type', 'required');
    inCode.delete('event');
    expect([...inCode.keys()].sort()).toEqual(
      table(4, 'Field')
        .map(([field]) => code(field))
        .sort(),
    );
  });

  it('says which limits welcome tells', () => {
    const limits = /`limits` is\s+`(\{[^`]+\})`/u.exec(section(3))?.[1] ?? '';
    const { messageBytes, channels, rate, historyPage } = defaultLimits;
    expect(JSON.parse(limits)).toEqual({ message: messageBytes, channels, rate, history: historyPage });
    expect([...fieldsOf('WelcomeLimits').keys()]).toEqual(Object.keys(JSON.parse(limits) as object));
  });
});

describe('PROTOCOL.md §5 and the reserved names', () => {
  it('lists the same reserved event names', () => {
    const list = section(5).split('\n\n').at(-1) ?? '';
    expect(codes(list)).toEqual([...reservedEvents]);
  });

  it('reserves every frame type that is no event, so that no publication can be taken for a frame', () => {
    const types = new Set([...framesOf('ClientFrame').keys(), ...framesOf('ServerFrame').keys()]);
    types.delete('message');
    expect([...types].sort()).toEqual([...reservedEvents].sort());
  });
});

describe('PROTOCOL.md §11 and the error codes', () => {
  const rows = table(11, 'Code').map(([name, message, retry, reason]) => ({
    name: code(name),
    message,
    retry: retry === 'yes',
    reason: code(reason),
  }));

  it('lists the same codes in the same order', () => {
    expect(rows.map(({ name }) => name)).toEqual(Object.keys(errorCodes));
  });

  it.each(rows)('says the same about $name', ({ name, message, retry, reason }) => {
    const info = errorInfo(name as ErrorCode);
    expect({ message: info.message, retry: info.retry, reason: info.close?.reason ?? '' }).toEqual({
      message,
      retry,
      reason,
    });
  });

  it('names in §9 only codes that close with that reason', () => {
    for (const [, cell] of table(9, 'Situation')) {
      const [name = '', reason] = codes(cell ?? '');
      expect(errorInfo(name as ErrorCode).close, name).toEqual({ code: 1008, reason });
    }
  });
});

describe('PROTOCOL.md §12 and the close codes', () => {
  const rows = table(12, 'Code').map(([number, reason, back]) => ({
    code: Number(number),
    reason: code(reason),
    back: back === 'yes',
  }));
  const documented = rows.map((row) => `${row.code} ${row.reason}`).sort();
  const coded = [
    ...Object.values(closeCodes),
    ...Object.values(errorCodes).flatMap((info) => ('close' in info ? [info.close] : [])),
  ];

  it('lists every close that the code knows, and no other', () => {
    expect(documented).toEqual([...new Set(coded.map((close) => `${close.code} ${close.reason}`))].sort());
  });

  it.each(rows)('agrees on coming back after $code $reason', ({ code, reason, back }) => {
    expect(mayReconnect(code, reason)).toBe(back);
  });

  it('keeps to its ranges: 4000–4499 come back, 4500–4999 do not, and all else but 1000 does', () => {
    for (let code = 1001; code < 5000; code += 1) {
      expect(mayReconnect(code, ''), String(code)).toBe(code < 4500);
    }
    expect(mayReconnect(1000, 'anything')).toBe(false);
  });

  it('marks the terminal reasons, and the ones that a fresh token cures', () => {
    expect([...terminalReasons].sort()).toEqual(
      rows.flatMap((row) => (row.code === 1008 && !row.back ? [row.reason] : [])).sort(),
    );
    const sentence =
      /A client that can\s+fetch a new token MAY come back after ([^.]+)\./u.exec(section(12))?.[1] ?? '';
    expect(codes(sentence)).toEqual([...tokenReasons]);
  });

  it('has reasons that fit into a close frame', () => {
    for (const { reason } of rows) expect(new TextEncoder().encode(reason).length).toBeLessThanOrEqual(123);
  });
});

describe('PROTOCOL.md §13 and the limits', () => {
  it('lists the same limits with the same defaults', () => {
    const documented = Object.fromEntries(
      table(13, 'Limit').map(([name, value]) => [code(name), Number(value)]),
    );
    expect(documented).toEqual(defaultLimits);
  });

  it('agrees with the text about heartbeat and authentication', () => {
    expect(section(3)).toContain(
      `{"interval":${defaultLimits.pingSeconds * 1000},"timeout":${defaultLimits.deadSeconds * 1000}}`,
    );
    expect(section(9)).toContain(`no \`auth\` within ${defaultLimits.authSeconds} seconds`);
    expect(section(2)).toContain(
      `from 1 to ${defaultLimits.historyPage} counts as ${defaultLimits.historyPage}`,
    );
  });
});
