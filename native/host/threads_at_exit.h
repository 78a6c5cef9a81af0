// Threads that must have ended before the process tears down what they use: OpenSSL frees its tables when the process
// ends, on whatever way it does, and a thread in a handshake would crash it. The one thing that is global, since the
// end of the process is.
#pragma once

namespace brink::host {

class ReactorThread;

// From now on the thread is stopped and joined when the process ends. To be called when OpenSSL has been initialized:
// what is registered last is done first.
void end_at_exit_too(ReactorThread& thread);
void forget_at_exit(ReactorThread& thread);

}  // namespace brink::host
