import { check } from '@thrum/sim/check';
import type { Line } from '@thrum/sim/history';
import { expect, it } from 'vitest';
import type { Standings } from '../server/calls.ts';
import { type Evidence, type FoundRow, logLines, type Sighting } from '../world/assemble.ts';

const none = { journal: [], sightings: [], rows: [], published: new Map(), heard: new Map() };

function lines(evidence: Partial<Evidence>): Line[] {
  return logLines({ ...none, ...evidence }).sort((a, b) => a.t - b.t);
}

function start(t: number, epoch: string, offset: number): Sighting {
  const standings: Standings = { 'durable:a': { epoch, offset, oldest: 1 } };
  return { t, standings, isStart: true };
}

function row(t: number, epoch: string, offset: number, v: string): FoundRow {
  return { t, channel: 'durable:a', epoch, offset, v, from: 'ada' };
}

const appends = (all: readonly Line[]): unknown[] =>
  all.flatMap((line) => (line.k === 'append' ? [[line.t, line.v, line.at?.offset]] : []));

it('takes an append from the disk and its moment from the server', () => {
  const journal = [
    { t: 5, channel: 'durable:a', v: 'ada.1#1', epoch: 'e1', offset: 1, from: 'ada' },
    { t: 6, channel: 'durable:a', v: 'ada.1#2', epoch: 'e1', offset: 2, from: 'ada' },
  ];
  const found = lines({ journal, sightings: [start(1, 'e1', 0)], rows: [row(9, 'e1', 1, 'ada.1#1')] });
  expect(appends(found)).toEqual([[5, 'ada.1#1', 1]]);
});

it('puts one that nobody noted behind its publish and the one before it', () => {
  const found = lines({
    journal: [{ t: 5, channel: 'durable:a', v: 'ada.1#1', epoch: 'e1', offset: 1 }],
    sightings: [start(1, 'e1', 0)],
    rows: [row(9, 'e1', 1, 'ada.1#1'), row(9, 'e1', 2, 'ada.1#2')],
    published: new Map([['durable:a ada.1#2', 7]]),
  });
  expect(appends(found)).toEqual([
    [5, 'ada.1#1', 1],
    [7, 'ada.1#2', 2],
  ]);
});

it('begins a life where a start finds another epoch, with what it took over', () => {
  const rows = [row(3, 'e1', 1, 'ada.1#1'), row(9, 'e2', 2, 'ada.1#2')];
  const found = lines({ sightings: [start(1, 'e1', 0), start(5, 'e2', 1)], rows });
  expect(found.filter(({ k }) => k === 'log')).toMatchObject([
    { t: 1, epoch: 'e1', carried: 0 },
    { t: 5, epoch: 'e2', carried: 1 },
  ]);
  expect(check(found).filter(({ invariant }) => invariant === '20')).toEqual([]);
});

it('shows an epoch that a start brings back, and ignores late news of one', () => {
  const back = lines({ sightings: [start(1, 'e1', 0), start(5, 'e2', 0), start(7, 'e1', 0)] });
  expect(check(back)).toMatchObject([{ invariant: '20' }]);
  const late = { ...start(7, 'e1', 0), isStart: false };
  expect(check(lines({ sightings: [start(1, 'e1', 0), start(5, 'e2', 0), late] }))).toEqual([]);
});

it('shows a log that was rolled back under its epoch', () => {
  const rows = [row(3, 'e1', 1, 'ada.1#1'), row(9, 'e1', 1, 'ada.1#2')];
  const broken = new Set(
    check(lines({ sightings: [start(1, 'e1', 0)], rows })).map((each) => each.invariant),
  );
  expect(broken).toContain('2');
  expect(broken).toContain('20');
});

it('takes a key on the disk for an append of an ephemeral channel that nobody noted', () => {
  const key: FoundRow = {
    t: 6,
    channel: 'ephemeral:a',
    epoch: null,
    offset: null,
    v: 'ada.1#1',
    from: 'ada',
  };
  const again = { t: 9, channel: 'ephemeral:a', v: 'ada.1#1', from: 'ada' };
  const heard = new Map([['ephemeral:a ada.1#1', [4, 8]]]);
  expect(appends(lines({ journal: [again], rows: [key], heard }))).toEqual([
    [4, 'ada.1#1', undefined],
    [8, 'ada.1#1', undefined],
  ]);
  expect(appends(lines({ journal: [{ ...again, t: 5 }], rows: [key], heard }))).toEqual([
    [4, 'ada.1#1', undefined],
  ]);
});

it('keeps the order of a publisher among those that nobody noted', () => {
  const key = (v: string): FoundRow => ({
    t: 9,
    channel: 'ephemeral:a',
    epoch: null,
    offset: null,
    v,
    from: 'ada',
  });
  const found = lines({
    rows: [key('ada.1#3'), key('ada.1#2'), key('ada.1#1')],
    published: new Map([
      ['ephemeral:a ada.1#1', 1],
      ['ephemeral:a ada.1#2', 2],
      ['ephemeral:a ada.1#3', 3],
    ]),
    heard: new Map([['ephemeral:a ada.1#1', [7]]]),
  });
  expect(appends(found)).toEqual([
    [7, 'ada.1#1', undefined],
    [7, 'ada.1#2', undefined],
    [7, 'ada.1#3', undefined],
  ]);
});

it('puts one that nobody noted behind the start of the server that did not have it yet', () => {
  const found = lines({
    sightings: [start(1, 'e1', 0), start(20, 'e1', 1)],
    rows: [row(30, 'e1', 1, 'ada.1#1'), row(30, 'e1', 2, 'ada.1#2')],
    published: new Map([
      ['durable:a ada.1#1', 5],
      ['durable:a ada.1#2', 6],
    ]),
  });
  expect(appends(found)).toEqual([
    [5, 'ada.1#1', 1],
    [20, 'ada.1#2', 2],
  ]);
});
