package org.neckfrac.ci;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport.IssueSeverity;
import ca.uhn.fhir.parser.DataFormatException;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.SingleValidationMessage;
import java.util.List;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.CodeSystem;
import org.hl7.fhir.r4.model.StructureDefinition;
import org.hl7.fhir.r4.model.ValueSet;

/**
 * HL7's validator for R4 with the definitions that HAPI ships and those of the loaded guides. It opens no
 * connection: LOINC and SNOMED CT membership can't be checked, so an unknown code system is a hint only.
 */
final class Checker {
    private final FhirContext context = FhirContext.forR4();
    private final PrePopulatedValidationSupport guides = new PrePopulatedValidationSupport(context);
    private final FhirValidator validator = context.newValidator();

    Checker() {
        var unknownSystems = new UnknownCodeSystemWarningValidationSupport(context);
        unknownSystems.setNonExistentCodeSystemSeverity(IssueSeverity.INFORMATION);
        var definitions = new ValidationSupportChain(
                guides,
                new DefaultProfileValidationSupport(context),
                new CommonCodeSystemsTerminologyService(context),
                new InMemoryTerminologyServerValidationSupport(context),
                new SnapshotGeneratingValidationSupport(context),
                unknownSystems);
        var module = new FhirInstanceValidator(definitions);
        module.setAnyExtensionsAllowed(true);
        validator.registerValidatorModule(module);
    }

    /** Adds a definition to check against; false for anything that is none. */
    boolean load(String json) {
        IBaseResource resource;
        try {
            resource = context.newJsonParser().parseResource(json);
        } catch (DataFormatException e) {
            return false;
        }
        if (resource instanceof StructureDefinition || resource instanceof ValueSet || resource instanceof CodeSystem) {
            guides.addResource(resource);
            return true;
        }
        return false;
    }

    List<SingleValidationMessage> check(String json) {
        return validator.validateWithResult(json).getMessages();
    }
}
