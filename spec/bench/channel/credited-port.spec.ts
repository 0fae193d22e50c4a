import { expect } from 'chai';
import { CreditedPort, type Poster } from '../../../bench/channel/credited-port.js';

const MESSAGE = Buffer.from('a message');
const MOST_UNDERWAY = 1024;

/** Two ports, of which each is given at once what the other one posts; so long as somebody lets it through. */
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
  it('makes the sender wait when so much is on its way, until the receiver has got on', async () => {
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

  it('decodes what comes, and delivers no report as a message', () => {
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
