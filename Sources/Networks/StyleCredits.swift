/// Whose works a style was made from, and on what terms they may be used: a part of the style's card.
public struct StyleCredits: Codable, Equatable, Sendable {
  /// The painting.
  public struct Painting: Codable, Equatable, Sendable {
    /// Who painted it.
    public var painter: String
    /// Its usual title.
    public var title: String
    /// When it was painted, such as `1889` or `about 1831`.
    public var year: String
    /// Its licence, such as `CC BY 4.0`, or `public domain`.
    public var licence: String

    /// A painting by its particulars.
    public init(painter: String, title: String, year: String, licence: String) {
      self.painter = painter
      self.title = title
      self.year = year
      self.licence = licence
    }
  }

  /// What the picture beside the model shows.
  public struct Picture: Codable, Equatable, Sendable {
    /// The work, such as a film's title.
    public var work: String
    /// Who has the rights.
    public var holder: String
    /// The licence, such as `CC BY 3.0`.
    public var licence: String

    /// A work by its particulars.
    public init(work: String, holder: String, licence: String) {
      self.work = work
      self.holder = holder
      self.licence = licence
    }
  }

  /// The photographs that the style learned from.
  public struct Photos: Codable, Equatable, Sendable {
    /// The collections, as they stand inside a sentence.
    public var source: String
    /// Their licence; nil where they may not be passed on.
    public var licence: String?

    /// Photographs by their particulars.
    public init(source: String, licence: String? = nil) {
      self.source = source
      self.licence = licence
    }
  }

  /// The painting; nil where nobody has told.
  public var painting: Painting?
  /// The picture beside the model; nil where nobody has told.
  public var picture: Picture?
  /// The photographs; nil where nobody has told.
  public var photos: Photos?

  /// Credits of what is known.
  public init(painting: Painting? = nil, picture: Picture? = nil, photos: Photos? = nil) {
    self.painting = painting
    self.picture = picture
    self.photos = photos
  }
}
