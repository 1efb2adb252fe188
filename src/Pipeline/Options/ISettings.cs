using System.Diagnostics.CodeAnalysis;

namespace Pipeline.Options;

/// <summary>
/// A class of settings: each property is a setting or a section of settings. Reflection finds them, so trimming must
/// not remove them.
/// </summary>
[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)]
internal interface ISettings;
