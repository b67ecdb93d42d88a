import Foundation
import Testing
import Threading

@Suite struct MailboxTests {
  @Test func newestElementWins() {
    let mailbox = Mailbox<Int>()
    #expect(mailbox.put(1) == nil)
    #expect(mailbox.put(2) == 1)
    #expect(mailbox.take() == 2)
    #expect(mailbox.put(3) == nil)
    mailbox.close()
    #expect(mailbox.put(4) == 4)
    #expect(mailbox.take() == 3)
    #expect(mailbox.take() == nil)
  }

  @Test func readerWaits() {
    let mailbox = Mailbox<Int>()
    Thread.detachNewThread {
      usleep(10_000)
      _ = mailbox.put(7)
    }
    #expect(mailbox.take() == 7)
    Thread.detachNewThread {
      usleep(10_000)
      mailbox.close(discarding: true)
    }
    #expect(mailbox.take() == nil)
  }

  @Test func aReaderCanGiveUp() {
    let mailbox = Mailbox<Int>()
    #expect(mailbox.take(timeout: .milliseconds(10)) == nil)
    #expect(mailbox.put(1) == nil)
    #expect(mailbox.take(timeout: .seconds(60)) == 1)
  }

  /// Every element is either taken or replaced, and the last one always arrives.
  @Test func everyElementIsTakenOrReturned() {
    let mailbox = Mailbox<Int>()
    nonisolated(unsafe) var late: [Int] = []
    let writer = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      for number in 0..<2000 {
        if let old = mailbox.put(number) { late.append(old) }
        if number % 50 == 0 { usleep(100) }
      }
      mailbox.close()
      writer.signal()
    }
    var taken: [Int] = []
    while let number = mailbox.take() { taken.append(number) }
    writer.wait()
    #expect((taken + late).sorted() == Array(0..<2000))
    #expect(taken == taken.sorted() && taken.last == 1999)
  }
}
