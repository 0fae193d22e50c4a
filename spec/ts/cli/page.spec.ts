import { expect } from 'chai';
import { activityBetween, type Activity } from '#ts/cli/top/activity.js';
import { renderPage } from '#ts/cli/top/page.js';
import type { HeldClaim } from '#ts/cli/top/snapshot.js';
import { heldClaim, snapshot } from '../../support/held.js';
import { PAGE } from '../../support/pages.js';

const SUMMARY_LINES = 3;

function activityOf(...claims: HeldClaim[]): Activity {
  return activityBetween(snapshot(0), snapshot(1000, ...claims), PAGE);
}

function page(activity: Activity, width = 200, height = Infinity): string[] {
  return renderPage(activity, { width, height, pageSize: PAGE });
}

const many = (count: number) => Array.from({ length: count }, (_, index) => heldClaim({ number: index + 1 }));

describe('the page of vmoffer top', () => {
  it('sums up held memory and arriving pages', () => {
    const lines = page(
      activityOf(
        heldClaim({ byteLength: 2 ** 30, faults: 7, pagesByFault: 256, pagesByReadAhead: 2560, pagesByPrefetch: 512 }),
        heldClaim({ pid: 101, byteLength: 2 ** 29 }),
      ),
    );
    expect(lines[0]).to.equal('2 claims of 2 of 1 process, 1.5 GiB');
    expect(lines[1]).to.equal('13 MiB/s: fault 1.0, read-ahead 10, prefetch 2.0; 7.0 faults/s');
  });

  it('counts the processes that told nothing', () => {
    const activity = { ...activityOf(), processes: { told: 4, refused: 3, silent: 1 } };
    expect(page(activity)[0]).to.equal(
      '0 claims of 0 of 4 processes, 0 B; 3 processes of other users not shown; 1 process did not answer',
    );
  });

  it('has a row for each claim, with as many columns as there is room for', () => {
    const cells = [255, 255, 0, 0];
    const claim = heldClaim({ cells, residentPages: 2, faults: 1, faultLatency: { p50: 3.25, p99: 40 } });
    const [heading = '', row = ''] = page(activityOf(claim)).slice(SUMMARY_LINES);
    expect(heading.split(/\s+/).filter(Boolean)).to.include.members(['PID', 'ADDRESS', 'P99', 'WASTE', 'KIND']);
    expect(row.split(/ {2,}/)).to.include.members([
      '100',
      'reader.js',
      '16 KiB',
      'map userfault',
      '3.3',
      '40.0',
      '50%',
    ]);
    expect(row).to.match(/ █+·+$/);
  });

  it('marks values that are sampled or unknown', () => {
    const rows = page(
      activityOf(heldClaim({ pagesLookedAt: 2, residentPages: 1 }), heldClaim({ number: 2, cells: [] })),
    );
    expect(rows[SUMMARY_LINES + 1]).to.include(' ~25% ');
    expect(rows[SUMMARY_LINES + 2]).to.match(/ - {2,}\?$/);
  });

  it('shows impossible values as well as it can', () => {
    const huge = 2 ** 64;
    const claims = [heldClaim({ byteLength: 0 }), heldClaim({ byteLength: huge, residentPages: huge, faults: huge })];
    const lines = page(activityOf(...claims), 80);
    for (const line of lines) expect(line).to.not.match(/NaN|Infinity/);
    expect(lines.join('\n')).to.include('100%');
  });

  it('is never wider than the terminal, and has a strip if there is room for the shortest', () => {
    const activity = activityOf(...many(3));
    for (let width = 1; width <= 220; width++) {
      const lines = page(activity, width);
      for (const line of lines) expect(line.length).to.be.at.most(width);
      if (width >= 60) expect(lines.at(-1)).to.match(/ ·{8,64}$/);
    }
  });

  it('is never higher than the terminal, and counts the claims that are left out', () => {
    for (let height = 0; height <= 60; height++)
      expect(page(activityOf(...many(50)), 80, height).length).to.be.at.most(height);
    expect(page(activityOf(...many(50)), 80, 20).at(-1)).to.equal('… and 35 more claims');
    expect(page(activityOf(...many(50)), 80, SUMMARY_LINES + 1 + 50)).to.have.lengthOf(SUMMARY_LINES + 1 + 50);
    expect(page(activityOf(...many(50)), 80, SUMMARY_LINES + 1 + 50).at(-1)).to.not.include('more');
  });
});
