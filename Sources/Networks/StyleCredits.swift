/// The works that a style was made from and their licences: a part of the style's card.
public struct StyleCredits: Codable, Equatable, Sendable {
  /// The painting.
  public struct Painting: Codable, Equatable, Sendable {
    /// The painter.
    public var painter: String
    /// The usual title.
    public var title: String
    /// The year, such as `1889` or `about 1831`.
    public var year: String
    /// The licence, such as `CC BY 4.0`, or `public domain`.
    public var licence: String

    /// Creates the credits of a painting.
    public init(painter: String, title: String, year: String, licence: String) {
      self.painter = painter
      self.title = title
      self.year = year
      self.licence = licence
    }
  }

  /// The work shown in the picture of the style.
  public struct Picture: Codable, Equatable, Sendable {
    /// The work, such as the title of a film.
    public var work: String
    /// The rights holder.
    public var holder: String
    /// The licence, such as `CC BY 3.0`.
    public var licence: String

    /// Creates the credits of a work.
    public init(work: String, holder: String, licence: String) {
      self.work = work
      self.holder = holder
      self.licence = licence
    }
  }

  /// The photos that the style was trained on.
  public struct Photos: Codable, Equatable, Sendable {
    /// The names of the collections, in a form that fits into a sentence.
    public var source: String
    /// The licence; nil if the photos may not be redistributed.
    public var licence: String?

    /// Creates the credits of photos.
    public init(source: String, licence: String? = nil) {
      self.source = source
      self.licence = licence
    }
  }

  /// The painting; nil if unknown.
  public var painting: Painting?
  /// The picture of the style; nil if unknown.
  public var picture: Picture?
  /// The photos; nil if unknown.
  public var photos: Photos?

  /// Creates credits.
  public init(painting: Painting? = nil, picture: Picture? = nil, photos: Photos? = nil) {
    self.painting = painting
    self.picture = picture
    self.photos = photos
  }
}
