/// The works that a style was made from and their licences: a part of the style's card.
package struct StyleCredits: Codable, Equatable, Sendable {
  /// The painting.
  package struct Painting: Codable, Equatable, Sendable {
    /// The painter.
    package var painter: String
    /// The usual title.
    package var title: String
    /// The year, such as `1889` or `about 1831`.
    package var year: String
    /// The licence, such as `CC BY 4.0`, or `public domain`.
    package var licence: String

    /// Creates the credits of a painting.
    package init(painter: String, title: String, year: String, licence: String) {
      self.painter = painter
      self.title = title
      self.year = year
      self.licence = licence
    }
  }

  /// The work shown in the picture of the style.
  package struct Picture: Codable, Equatable, Sendable {
    /// The work, such as the title of a film.
    package var work: String
    /// The rights holder.
    package var holder: String
    /// The licence, such as `CC BY 3.0`.
    package var licence: String

    /// Creates the credits of a work.
    package init(work: String, holder: String, licence: String) {
      self.work = work
      self.holder = holder
      self.licence = licence
    }
  }

  /// The photos that the style was trained on.
  package struct Photos: Codable, Equatable, Sendable {
    /// The names of the collections, in a form that fits into a sentence.
    package var source: String
    /// The licence; nil if the photos may not be redistributed.
    package var licence: String?

    /// Creates the credits of photos.
    package init(source: String, licence: String? = nil) {
      self.source = source
      self.licence = licence
    }
  }

  /// The painting; nil if unknown.
  package var painting: Painting?
  /// The picture of the style; nil if unknown.
  package var picture: Picture?
  /// The photos; nil if unknown.
  package var photos: Photos?

  /// Creates credits.
  package init(painting: Painting? = nil, picture: Picture? = nil, photos: Photos? = nil) {
    self.painting = painting
    self.picture = picture
    self.photos = photos
  }
}
