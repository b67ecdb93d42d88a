import CImpasto
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite struct ThreadTests {
  private let styles: StyleFolder

  init() throws { styles = try StyleFolder() }

  /// Paints pictures of several sizes on several threads and compares each with the engine's.
  private func paintConcurrently(_ open: [OpaquePointer]) throws {
    let pictures = (0..<4).map { TestPicture(width: 30 + 7 * $0, height: 20 + $0, seed: UInt64($0 + 1)) }
    let expected = try pictures.map { try styles.painted("canvas", $0) }
    let wrong = Atomic<Int>(0)
    let handles = open.map { UInt(bitPattern: $0) }
    DispatchQueue.concurrentPerform(iterations: 24) { index in
      let picture = pictures[index % 4]
      var source = picture.rgb
      var target = source
      let status = paint(
        OpaquePointer(bitPattern: handles[index % handles.count]), &source, IMPASTO_RGB, into: &target, IMPASTO_RGB,
        width: picture.width, height: picture.height)
      if status != IMPASTO_OK || target != expected[index % 4] { wrong.wrappingAdd(1, ordering: .relaxed) }
    }
    let wrongCount = wrong.load(ordering: .relaxed)
    #expect(wrongCount == 0)
  }

  @Test("Threads with the same style wait for each other")
  func oneStyle() throws {
    let style = try styles.style("canvas")
    defer { impasto_close(style) }
    try paintConcurrently([style])
  }

  @Test("Several styles paint at the same time")
  func severalStyles() throws {
    let open = try (0..<3).map { _ in try styles.style("canvas") }
    defer { for style in open { impasto_close(style) } }
    try paintConcurrently(open)
  }

  @Test("A style can be closed while others paint with it: a picture is complete or refused")
  func closing() throws {
    let picture = TestPicture(width: 64, height: 48)
    let expected = try styles.painted("canvas", picture)
    for _ in 0..<5 {
      let handle = UInt(bitPattern: try styles.style("canvas"))
      let wrong = Atomic<Int>(0)
      DispatchQueue.concurrentPerform(iterations: 6) { index in
        let style = OpaquePointer(bitPattern: handle)
        if index == 3 {
          if impasto_close(style) != IMPASTO_OK { wrong.wrappingAdd(1, ordering: .relaxed) }
          return
        }
        for _ in 0..<20 {
          var source = picture.rgb
          var target = source
          let status = paint(style, &source, IMPASTO_RGB, into: &target, IMPASTO_RGB, width: 64, height: 48)
          let isRight = status == IMPASTO_OK ? target == expected : status == IMPASTO_NOT_OPEN
          if !isRight { wrong.wrappingAdd(1, ordering: .relaxed) }
        }
      }
      let wrongCount = wrong.load(ordering: .relaxed)
      #expect(wrongCount == 0)
      #expect(impasto_close(OpaquePointer(bitPattern: handle)) == IMPASTO_NOT_OPEN)
    }
  }

  @Test("Each thread has a last error of its own")
  func lastErrors() {
    #expect(impasto_set_strength(nil, 2) == IMPASTO_INVALID_ARGUMENT)
    let own = lastError
    let isEmpty = Atomic<Bool>(false)
    let done = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      let isNew = lastError.isEmpty
      _ = impasto_open(nil, nil, nil)
      isEmpty.store(isNew && lastError.contains("result is null"), ordering: .relaxed)
      done.signal()
    }
    done.wait()
    let wasEmpty = isEmpty.load(ordering: .relaxed)
    #expect(wasEmpty)
    #expect(lastError == own && own.contains("strength is 2"))
  }
}
