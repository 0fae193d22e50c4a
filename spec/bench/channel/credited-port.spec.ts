import { expect } from 'chai';
import { CreditedPort, type Poster } from '../../../bench/channel/credited-port.js';

const MESSAGE = Buffer.from('a message');
const MOST_UNDERWAY = 1024;

/** Two connected ports. Messages wait until deliver() lets them through; reports arrive at once. */
function linked(): { sender: CreditedPort; receiver: CreditedPort; deliver: (count: number) => void } {
  const underway: unknown[] = [];
  let toReceiver: (value: unknown) => void;
  let toSender: (value: unknown) => void;
  const posters: [Poster, Poster] = [
    { post: (value) => underway.push(value), subscribe: (onValue) => (toSender = onValue) },
    {
      post: (value) => {
        toSender(value);
      },
      subscribe: (onValue) => (toReceiver = onValue),
    },
  ];
  const [sender, receiver] = [new CreditedPort(posters[0]), new CreditedPort(posters[1])];
  const deliver = (count: number) => {
    for (const value of underway.splice(0, count)) toReceiver(value);
  };
  return { sender, receiver, deliver };
}

describe("a bench's port without back-pressure of its own", () => {
  it('makes the sender wait when too much is under way, until the receiver has caught up', async () => {
    const { sender, receiver, deliver } = linked();
    let received = 0;
    receiver.listen(() => received++);
    const waits = Array.from({ length: MOST_UNDERWAY }, () => sender.post(MESSAGE));
    expect(waits.slice(0, -1).every((wait) => wait === undefined)).to.be.true;
    const last = waits.at(-1);
    expect(last).to.be.a('promise');
    deliver(300);
    await last;
    expect(received).to.equal(300);
    expect(sender.post(MESSAGE)).to.be.undefined;
  });

  it('decodes messages, and does not deliver reports as messages', () => {
    let onValue: (value: unknown) => void = () => undefined;
    const port = new CreditedPort({ post: () => undefined, subscribe: (handler) => (onValue = handler) }, (value) =>
      Buffer.from(String(value)),
    );
    const messages: string[] = [];
    port.listen((message) => messages.push(Buffer.from(message).toString()));
    onValue('one');
    onValue({ received: 256 });
    onValue('two');
    expect(messages).to.deep.equal(['one', 'two']);
  });

  it('refuses a message that comes before anybody listens', () => {
    const { sender, deliver } = linked();
    void sender.post(MESSAGE);
    expect(() => {
      deliver(1);
    }).to.throw('before anybody listens');
  });
});
