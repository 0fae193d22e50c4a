import { expect } from 'chai';
import { inspect } from 'node:util';
import { VmoError } from 'vmoffer';
import { createNativeError, invalidArgument } from '#ts/errors.js';

describe('VmoError', () => {
  it('is an Error with a name and a stable code', () => {
    const error = new VmoError('ERR_VMO_BUSY', 'somebody shares it');
    expect(error).to.be.instanceOf(Error);
    expect(error).to.include({ name: 'VmoError', code: 'ERR_VMO_BUSY', message: 'somebody shares it' });
  });

  it('has only known details', () => {
    expect(Object.keys(new VmoError('ERR_VMO_BUSY', ''))).to.deep.equal(['code']);
    const error = new VmoError('ERR_VMO_NO_MEMORY', '', { errno: 'ENOMEM', syscall: 'mmap' });
    expect(Object.keys(error)).to.have.members(['code', 'errno', 'syscall']);
    expect(error).to.include({ errno: 'ENOMEM', syscall: 'mmap' });
  });

  it('carries pid, address and cause', () => {
    const cause = new Error('underneath');
    const error = new VmoError('ERR_VMO_PEER_GONE', '', { pid: 7, address: 0x1000n, cause });
    expect(error).to.include({ pid: 7, address: 0x1000n, cause });
  });

  it('shows code and details when it is printed', () => {
    const text = inspect(new VmoError('ERR_VMO_TIMEOUT', 'no answer', { pid: 42 }));
    expect(text).to.include('VmoError: no answer').and.to.include("code: 'ERR_VMO_TIMEOUT'").and.to.include('pid: 42');
  });

  it('is what the addon throws', () => {
    const error = createNativeError('ERR_VMO_NO_PROCESS', 'no process 9', { pid: 9 });
    expect(error).to.be.instanceOf(VmoError);
    expect(error).to.include({ code: 'ERR_VMO_NO_PROCESS', pid: 9 });
  });

  it('has a short form for bad arguments', () => {
    expect(invalidArgument('no')).to.include({ code: 'ERR_VMO_INVALID_ARGUMENT', message: 'no' });
  });
});
