// What the replies in a block ask for, read independently of the reactor: which client is to be told what, and what may
// be asked of it. Called before the reactor sees them.
#pragma once

#include <deque>

#include "fuzz/conversation.h"
#include "reactor/inspection.h"

namespace brink::fuzz {

void expect_replies(const reactor::Replies& replies, const reactor::Inspection& reactor,
                    std::deque<Conversation>& conversations);

}  // namespace brink::fuzz
