import { expect } from 'chai';
import { RecordState } from '#cluster/engine/nats/record-state.js';
import { makeRecord } from '../support/records.js';

const record = makeRecord('a', 'b');

function stateOf(...log: [sequence: number, replaces: number][]): RecordState {
  const state = new RecordState(record);
  for (const [sequence, replaces] of log) state.append({ sequence, replaces, entry: { record, revision: sequence } });
  return state;
}

describe('the state of a record', () => {
  it('is what the first of two rivals wrote, whatever the server let in after it', () => {
    const state = stateOf([1, 0], [5, 1], [9, 1]);
    expect(state.entry?.revision).to.equal(5);
    expect(state.last).to.equal(9);
    expect([1, 5, 9].map((sequence) => state.hasCounted(sequence))).to.deep.equal([true, true, false]);
  });

  it('goes on from what counted', () => {
    expect(stateOf([1, 0], [5, 1], [9, 1], [12, 5], [13, 9]).revision).to.equal(12);
  });

  it('does not begin anew', () => {
    expect(stateOf([1, 0], [5, 0]).revision).to.equal(1);
  });

  it('goes on where the log is not kept any more', () => {
    expect(stateOf([1, 0], [5, 1], [40, 37], [44, 40]).revision).to.equal(44);
    expect(stateOf([40, 37], [44, 40]).revision).to.equal(44);
  });

  it('is nothing once it is withdrawn, and stays so', () => {
    const state = stateOf([1, 0]);
    state.append({ sequence: 4, replaces: 1, entry: undefined });
    expect(state.append({ sequence: 7, replaces: 1, entry: { record, revision: 7 } })).to.equal(false);
    expect(state.entry).to.equal(undefined);
  });

  it('lets nothing count that replaces no revision', () => {
    expect(stateOf([1, 0], [3, -1], [4, Number.NaN]).revision).to.equal(1);
  });
});
