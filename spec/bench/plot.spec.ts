import { expect } from 'chai';
import { renderPlot } from '../../bench/plot.js';
import { dotPlot } from '../../bench/plots.js';
import { environment, findings } from './support/findings.js';

describe("a bench's picture", () => {
  let svg: string;
  before(async () => {
    svg = await renderPlot(dotPlot('race', 'Who is <first>', findings.samples, 'ms'), environment);
  });

  it('is SVG with a background of its own', () => {
    expect(svg).to.match(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(svg).to.match(/<rect [^>]*fill="#ffffff"/);
  });

  it('has a title, and below it the machine, the kernel and the versions', () => {
    expect(svg).to.contain('Who is &lt;first&gt;');
    expect(svg).to.contain('A processor &lt;of ours&gt;, 2 cores (virtual), 16 GiB');
    expect(svg).to.match(/Linux 6\.18\.0 · Node\.js 20\.20\.2 · vmoffer 0\.1\.0/);
  });

  it('shows each measurement by name, with its median', () => {
    for (const text of ['ours', 'theirs', '2 ms', '20 ms']) expect(svg).to.contain(`>${text}</text>`);
  });
});
