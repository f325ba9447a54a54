import { describe, expect, it } from 'vitest';
import { createOriginCheck } from '../../src/transports/websocket/origins.ts';

describe('an origin check without a list', () => {
  it('lets pages connect to the host that they came from', () => {
    const isAllowed = createOriginCheck(undefined, false);
    expect(isAllowed('https://example.com', 'example.com')).toBe(true);
    expect(isAllowed('https://example.com', 'EXAMPLE.com:443')).toBe(true);
    expect(isAllowed('http://example.com:3000', 'example.com:3000')).toBe(true);
    expect(isAllowed('https://example.com:444', 'example.com')).toBe(false);
    expect(isAllowed('https://other.com', 'example.com')).toBe(false);
    expect(isAllowed('https://example.com', undefined)).toBe(false);
    expect(isAllowed('null', 'null')).toBe(false);
    expect(isAllowed('http://localhost:5173', 'example.com')).toBe(false);
  });

  it('lets in any page of this machine in development', () => {
    const isAllowed = createOriginCheck(undefined, true);
    expect(isAllowed('http://localhost:5173', '127.0.0.1:3000')).toBe(true);
    expect(isAllowed('http://127.0.0.1:8080', 'localhost:3000')).toBe(true);
    expect(isAllowed('http://[::1]:8080', 'localhost:3000')).toBe(true);
    expect(isAllowed('http://192.168.1.7:3000', '192.168.1.7:3000')).toBe(true);
    expect(isAllowed('http://localhost.evil.com', 'localhost:3000')).toBe(false);
  });

  it('is not fooled in development by a name that was made to point to this machine', () => {
    const isAllowed = createOriginCheck(undefined, true);
    expect(isAllowed('http://rebound.example:3000', 'rebound.example:3000')).toBe(false);
  });
});

describe('an origin check with a list', () => {
  it.each([
    'https://example.com/',
    'example.com',
    'https://example.com:443',
    'null',
    '*',
    'https://EXAMPLE.com',
  ])('refuses the entry %s, which no browser sends', (entry) => {
    expect(() => createOriginCheck([entry], false)).toThrow(TypeError);
  });

  it('lets everybody in for *', () => {
    expect(createOriginCheck('*', false)('https://anywhere.example', 'example.com')).toBe(true);
  });
});
