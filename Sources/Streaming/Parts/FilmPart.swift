/// One of several parts of a film, which are painted by different processes or at different times.
public struct FilmPart: Equatable, Sendable, CustomStringConvertible {
  /// The number of the part, from 1.
  public let number: Int
  /// The number of parts.
  public let count: Int

  /// The whole film.
  public static let whole = FilmPart(number: 1, count: 1)

  private init(number: Int, count: Int) {
    self.number = number
    self.count = count
  }

  /// Creates a part; nil unless `number` is from 1 to `count`, and `count` at most a million.
  public init?(_ number: Int, of count: Int) {
    guard (1...1_000_000).contains(count), (1...count).contains(number) else { return nil }
    self.init(number: number, count: count)
  }

  /// Parses a part such as `3/12`; nil if the text is none.
  public init?(_ text: String) {
    let numbers = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 2, let number = numbers[0], let count = numbers[1] else { return nil }
    self.init(number, of: count)
  }

  /// The segments of the part, of `total` segments of the film. All parts together have each segment once.
  func segments(of total: Int) -> Range<Int> { total * (number - 1) / count..<total * number / count }

  /// A text such as `3/12`.
  public var description: String { "\(number)/\(count)" }
}
